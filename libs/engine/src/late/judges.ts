import type { AttributionDefinition, MetricDefinition, SessionsDefinition } from '@tillstream/core';
import type { StreamDefinition } from '@tillstream/contracts';

/**
 * All that an event may come too late for: metrics over events, and sessions and attribution, put as if they were metrics. Of
 * metrics over these nothing is ever late.
 */
export function judgesOf({ metrics, sessions, attribution }: StreamDefinition): readonly MetricDefinition[] {
  return [...metrics, ...(sessions ? [asSessions(sessions)] : []), ...(attribution ? [asPurchases(attribution)] : [])];
}

/** What a judge does not look at. */
const NOTHING_TOLD = { groupBy: [], measures: [], having: null, emit: { everyMs: 0, maxPerSecond: 0 } };

function asSessions({ identity, gapMs, maxDurationMs, outOfOrdernessMs }: SessionsDefinition): MetricDefinition {
  const window = { gapMs, maxDurationMs };
  return { ...NOTHING_TOLD, name: 'sessions', identity, where: null, window, outOfOrdernessMs, local: false };
}

/** Views and purchases are late when the watermark has passed them: as if their window were their millisecond. */
function asPurchases({ identity, from, to, outOfOrdernessMs }: AttributionDefinition): MetricDefinition {
  const where = { kind: 'logic', operator: '||', left: from, right: to, type: 'bool' } as const;
  const window = { sizeMs: 1, hopMs: 1 };
  return { ...NOTHING_TOLD, name: 'attribution', identity, where, window, outOfOrdernessMs, local: false };
}
