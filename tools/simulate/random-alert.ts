import type { SeededRandom } from '@tillstream/engine/testing';
import type { FinalMeasures, PastFinal, PlainAlert } from '../oracle/raw-oracle';

/** An alert as a stream file has it, and in plain code. It is about the measure `events`, a count. */
export interface RandomAlert {
  readonly yaml: string;
  readonly plain: PlainAlert;
}

const LONGEST_ROW = 3;
const MOST_HOPS = 5;

/** @param hasHaving results may have been kept back, so that a group that is not there says nothing */
export function randomAlert(random: SeededRandom, hopS: number, hasHaving: boolean): RandomAlert {
  const forWindows = 1 + random.below(LONGEST_ROW);
  const hops = 1 + random.below(MOST_HOPS);
  const lag = `${hops * hopS}s`;
  const lagMs = hops * hopS * 1_000;
  const least = random.below(3);
  const before = (past: PastFinal, distanceMs: number): number | null => {
    const earlier = past(distanceMs);
    if (earlier === undefined) return null;
    if (earlier === null) return hasHaving ? null : 0;
    return eventsOf(earlier);
  };
  const made = (when: string, holds: PlainAlert['holds']): RandomAlert => ({
    yaml: `{ when: ${JSON.stringify(when)}, for: ${forWindows}, severity: critical }`,
    plain: { holds, forWindows },
  });
  switch (random.below(4)) {
    case 0:
      return made(`events > ${least}`, (measures) => eventsOf(measures) > least);
    case 1:
      return made(`change(events, ${lag}) > ${least} || events > 9`, (measures, past) => {
        const earlier = before(past, lagMs);
        return (earlier !== null && eventsOf(measures) - earlier > least) || eventsOf(measures) > 9;
      });
    case 2:
      return made(`change_percent(events, ${lag}) < -20.0 || change(events, ${lag}) == null`, (measures, past) => {
        const earlier = before(past, lagMs);
        if (earlier === null) return true;
        return earlier !== 0 && (100 * (eventsOf(measures) - earlier)) / earlier < -20;
      });
    default:
      return made(`robust_z(events, ${lag}, 4) > 0.5`, (measures, past) => {
        const known = [1, 2, 3, 4].flatMap((i) => before(past, i * lagMs) ?? []).sort((a, b) => a - b);
        if (known.length < 3) return false;
        const usual = middle(known);
        const spread = middle(known.map((events) => Math.abs(events - usual)).sort((a, b) => a - b));
        return spread !== 0 && (eventsOf(measures) - usual) / (1.4826 * spread) > 0.5;
      });
  }
}

function eventsOf({ events }: FinalMeasures): number {
  return Number(events);
}

/** Of three or four ascending numbers. */
function middle(ascending: readonly number[]): number {
  const [, second = 0, third = 0] = ascending;
  return ascending.length === 3 ? second : (second + third) / 2;
}
