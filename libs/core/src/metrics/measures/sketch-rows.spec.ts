import type { MetricDefinition } from '../definition';
import { testSchema as schema } from '../testing/metric-arbitraries';
import { PartitionLog } from '../testing/partition-log';
import { plainResults } from '../testing/plain-results';
import { newAggregator } from '../testing/run-aggregator';

const metric: MetricDefinition = {
  name: 'kinds',
  identity: 'kinds@0',
  where: null,
  groupBy: ['user'],
  window: { sizeMs: 1_000, hopMs: 1_000 },
  outOfOrdernessMs: 0,
  measures: [{ name: 'kinds', kind: 'approx_distinct', field: 'kind', where: null }],
  having: null,
  emit: { everyMs: 250, maxPerSecond: 1000 },
  local: true,
};

it('counts the texts of a dictionary, however many rows have each of them', () => {
  const kinds = ['view', 'cart', null, 'purchase'];
  const rows = Array.from({ length: 60 }, (_, i) => ({ at: i, user: 'ann', kind: kinds[i % kinds.length] ?? null }));
  const log = new PartitionLog(schema, 0, [
    { offset: 0, appendMs: 5_000, rows },
    { offset: 1, appendMs: 5_000, rows: [], advanceToMs: 5_000 },
  ]);
  const aggregator = newAggregator(schema, [metric], log);
  aggregator.apply(log.batch(0, 2));
  const told = aggregator.takeClosed().flatMap(({ results }) => (results ? plainResults(results, schema) : []));
  expect(told.map(({ measures }) => measures)).toEqual([{ kinds: 3 }]);
});
