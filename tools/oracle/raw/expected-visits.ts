import type { PartitionOutcome } from './decide-partition';
import { expectedAttributions } from './expected-attributions';
import { expectedSessions } from './expected-sessions';
import type { PlainDefinition } from './plain-definition';
import type { ExpectedVisits, PlainEra } from './plain-visits';
import type { Stretch } from './stretch';

/**
 * The visits of one partition and what led to purchases. Where a declaration changes, what is open is ended by the first record
 * behind, and events that are no newer than all before come too late for the other one.
 */
export function expectedVisits(
  definition: PlainDefinition,
  outcome: PartitionOutcome,
  eras: readonly PlainEra[],
): ExpectedVisits {
  const sessions = stretchesOf(outcome, eras, ({ sessions: one }) => one).map(([one, stretch]) =>
    expectedSessions(definition, one, outcome, stretch),
  );
  const attributions = stretchesOf(outcome, eras, ({ attribution }) => attribution).map(([one, stretch]) =>
    expectedAttributions(definition, one, outcome, stretch),
  );
  return {
    sessions: sessions.flatMap((told) => told.sessions),
    carts: sessions.flatMap((told) => told.carts),
    attributions: attributions.flatMap((told) => told.attributions),
    late: [...sessions, ...attributions].flatMap(({ late }) => late),
  };
}

/** Where each declaration is in force: eras that declare the very same are one. */
function stretchesOf<Declared>(
  { accepted }: PartitionOutcome,
  eras: readonly PlainEra[],
  declaredIn: (era: PlainEra) => Declared | null,
): [Declared, Stretch][] {
  const starts = eras.filter((era, i) => {
    const before = eras[i - 1];
    return before === undefined || declaredIn(before) !== declaredIn(era);
  });
  return starts.flatMap((era, i): [Declared, Stretch][] => {
    const declared = declaredIn(era);
    const { from } = era;
    const times = accepted.filter(({ offset }) => offset < from).map(({ eventTimeMs }) => eventTimeMs);
    const sinceMs = Math.max(-Infinity, ...times);
    const until = starts[i + 1]?.from ?? Infinity;
    return declared === null ? [] : [[declared, { from, until, sinceMs }]];
  });
}
