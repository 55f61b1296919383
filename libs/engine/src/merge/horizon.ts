import type { MetricDefinition } from '@tillstream/core';
import { waitsMs } from '@tillstream/core';
import type { StreamDefinition } from '@tillstream/contracts';

/** The longest time after an event during which something of it may still wait for time to pass, under any of some definitions. */
export function horizonMs(definitions: readonly StreamDefinition[]): number {
  return Math.max(0, ...definitions.map(waitsUnder));
}

function waitsUnder({ metrics, sessions, attribution, derived }: StreamDefinition): number {
  const behind = { sessions: 0, attributions: 0 };
  for (const { of, definition } of derived ?? []) behind[of] = windowsWaitMs(definition.metrics);
  return Math.max(
    windowsWaitMs(metrics),
    // A session is over when more than the gap has passed behind its last event; its row has that event's time, and time goes
    // on among rows of sessions the gap behind that of events.
    sessions ? sessions.outOfOrdernessMs + sessions.gapMs + Math.max(1, behind.sessions) : 0,
    attribution ? attribution.outOfOrdernessMs + behind.attributions : 0,
  );
}

/** How long after its newest row a window may still wait. */
function windowsWaitMs(metrics: readonly MetricDefinition[]): number {
  return Math.max(0, ...metrics.map(({ window, outOfOrdernessMs }) => waitsMs(window) + outOfOrdernessMs));
}
