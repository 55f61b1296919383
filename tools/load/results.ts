import { isEnriched, until } from '../e2e/platform';
import { countInRaw, finalDifferences, readFinals } from './finals';
import { BEHIND_MS, type Load } from './load';
import type { Report } from './report';
import type { Rig } from './rig';

const SETTLED_WITHIN_MS = 1_800_000;
const LOOK_AGAIN_MS = 2_000;
/** So much event time closes every window of the shop's metrics. */
const ALL_CLOSED_MS = 30 * 60_000;

/** Closes every window, then compares what is in raw and every final with what the load demands. */
export async function checkResults(rig: Rig, load: Load, report: Report): Promise<void> {
  const { platform } = rig;
  await platform.advance(Math.min(load.ledger.endMs + ALL_CLOSED_MS, Date.now() - BEHIND_MS + ALL_CLOSED_MS));
  const { missing, repeated } = await countInRaw(platform, load.count);
  report.check(`each of ${load.count} acknowledged events is in raw`, missing === 0, `${missing} are missing`);
  report.figure('events that stand in raw more than once', String(repeated));
  await until('everything to be enriched', SETTLED_WITHIN_MS, () => isEnriched(platform));
  const wanted = load.ledger.finals();
  let differences: readonly string[] = ['nothing compared yet'];
  let known = -1;
  // Right, or wrong and nothing more is coming.
  await until('the results to be complete', SETTLED_WITHIN_MS, async () => {
    const before = known;
    known = await recordsIn(rig, platform.definition.topics.metrics);
    if (known !== before) return pause();
    differences = finalDifferences(wanted, await readFinals(platform));
    return differences.length === 0 || (await recordsIn(rig, platform.definition.topics.metrics)) === known;
  });
  report.checkNone(`${wanted.size} final rows are exact`, differences);
  report.checkNone('no service told of an accident', rig.alarms);
}

async function pause(): Promise<false> {
  await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
  return false;
}

async function recordsIn({ platform }: Rig, topic: string): Promise<number> {
  let sum = 0;
  for (let partition = 0; partition < platform.definition.schema.partitions; partition += 1) {
    sum += await platform.reader.end(topic, partition);
  }
  return sum;
}
