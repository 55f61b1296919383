import type { MetricDefinition } from './definition';

/** By name of a metric: how long it waits for rows that are out of order. Of two of a name the first counts: it is declared. */
export function latenessOf(metrics: readonly MetricDefinition[]): ReadonlyMap<string, number> {
  return new Map(metrics.map(({ name, outOfOrdernessMs }) => [name, outOfOrdernessMs] as const).reverse());
}
