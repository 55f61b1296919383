import type { MetricDefinition, WindowSpec } from '@tillstream/core';
import { latestCloseMs, waitsMs } from '@tillstream/core';
import type { StreamDefinition } from '@tillstream/contracts';

/** How long after the time of a row a window may have to wait that holds it. */
type Waits = (window: WindowSpec) => number;

/** The longest time after an event during which something of it may still wait for time to pass, under any of some definitions. */
export function horizonMs(definitions: readonly StreamDefinition[]): number {
  return Math.max(0, ...definitions.map((definition) => waitsUnder(definition, waitsMs)));
}

/** The watermark input at which all is closed that could hold an event at a time, or what is derived from it. */
export function closingInputMs(definition: StreamDefinition, timeMs: number): number {
  return timeMs + waitsUnder(definition, (window) => latestCloseMs(window, timeMs) - timeMs);
}

function waitsUnder({ metrics, sessions, attribution, derived }: StreamDefinition, waits: Waits): number {
  const behind = { sessions: 0, attributions: 0 };
  for (const { of, definition } of derived ?? []) behind[of] = windowsWaitMs(definition.metrics, waits);
  return Math.max(
    windowsWaitMs(metrics, waits),
    // A session is over when more than the gap has passed behind its last event; its row has that event's time, and time goes
    // on among rows of sessions the gap behind that of events.
    sessions ? sessions.outOfOrdernessMs + sessions.gapMs + Math.max(1, behind.sessions) : 0,
    attribution ? attribution.outOfOrdernessMs + behind.attributions : 0,
  );
}

/** How long after its newest row a window may still wait. */
function windowsWaitMs(metrics: readonly MetricDefinition[], waits: Waits): number {
  return Math.max(0, ...metrics.map(({ window, outOfOrdernessMs }) => waits(window) + outOfOrdernessMs));
}
