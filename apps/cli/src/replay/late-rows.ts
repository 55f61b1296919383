import type { MetricDefinition } from '@tillstream/core';
import { earliestCloseMs } from '@tillstream/core';

/**
 * A metric for which an event would miss at least one of its windows, as they are closed already; null: for none.
 *
 * @param watermarkInputMs newest time the partition has come to
 */
export function metricThatMisses(
  metrics: readonly MetricDefinition[],
  timeMs: number,
  watermarkInputMs: number,
): MetricDefinition | null {
  return (
    metrics.find(({ window, outOfOrdernessMs }) => {
      return earliestCloseMs(window, timeMs) <= watermarkInputMs - outOfOrdernessMs;
    }) ?? null
  );
}
