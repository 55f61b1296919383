import type { MetricDefinition, Measure } from '../definition';
import type { ResultBlock } from '../output';
import { PartitionAggregator } from '../partition-aggregator';
import { testSchema } from '../testing/metric-arbitraries';
import { PartitionLog } from '../testing/partition-log';
import { plainResults } from '../testing/plain-results';
import { newAggregator } from '../testing/run-aggregator';
import { WindowMerge } from '../merge/window-merge';

const schema = testSchema;
const total: Measure = { kind: 'sum', name: 'total', field: 'amount', fieldType: 'money', where: null };

/** Users, or kinds of event, with a total of more than 100. */
function bigSpenders(local: boolean): MetricDefinition {
  return {
    name: 'big',
    identity: 'big@0',
    where: null,
    groupBy: [local ? 'user' : 'kind'],
    window: { sizeMs: 20, hopMs: 10 },
    outOfOrdernessMs: 100,
    measures: [total],
    having: {
      kind: 'compare',
      operator: '>',
      left: { kind: 'field', name: 'total', type: 'money' },
      right: { kind: 'literal', value: 100, type: 'money' },
      type: 'bool',
    },
    emit: { everyMs: 250, maxPerSecond: 100 },
    local,
  };
}

/** ann spends 150 and 5, and gets 90 back; bob spends 20. All of it is in the windows from -10 and from 0. */
const log = new PartitionLog(
  schema,
  0,
  [
    [
      { user: 'ann', amount: 150 },
      { user: 'bob', amount: 20 },
    ],
    [{ user: 'ann', amount: 5 }],
    [{ user: 'ann', amount: -90 }],
    [{ user: 'bob', amount: 1 }],
    [{ user: 'ann', amount: 50 }],
  ].map((rows, offset) => ({ offset, appendMs: 5, rows: rows.map((row) => ({ ...row, kind: row.user, at: 5 })) })),
);

const told = (blocks: readonly ResultBlock[]) =>
  blocks.flatMap((block) =>
    plainResults(block, schema).map(({ group, measures, retracted }) => {
      return [block.startMs, group[0], retracted ? 'retracted' : measures['total']];
    }),
  );

const SENT = [
  [-10, 'ann', 150],
  [0, 'ann', 150],
];
const RETRACTED = [
  [-10, 'ann', 'retracted'],
  [0, 'ann', 'retracted'],
];

describe('a group that was sent and no longer satisfies having', () => {
  it('is taken back once, and told again when it does', () => {
    const metric = bigSpenders(true);
    const aggregator = newAggregator(schema, [metric], log);
    const steps = log.entries.map((_, i) => {
      aggregator.apply(log.batch(i, i + 1));
      return told(aggregator.takeProvisional(metric).results).filter(([startMs]) => startMs === 0);
    });
    expect(steps).toEqual([[[0, 'ann', 150]], [[0, 'ann', 155]], [[0, 'ann', 'retracted']], [], [[0, 'ann', 115]]]);
  });

  it('is taken back by whoever restores the aggregator that sent it', () => {
    const metric = bigSpenders(true);
    const first = newAggregator(schema, [metric], log);
    first.apply(log.batch(0, 1));
    expect(told(first.takeProvisional(metric).results)).toEqual(SENT);
    const { state, deltas } = first.takeDeltas();
    const second = PartitionAggregator.restore({ schema, metrics: [metric], partition: 0 }, { next: 1, state, deltas });
    second.apply(log.batch(1, 3));
    expect(told(second.takeProvisional(metric).results)).toEqual(RETRACTED);
    // … and no more by the one after it.
    const later = second.takeDeltas();
    const third = PartitionAggregator.restore(
      { schema, metrics: [metric], partition: 0 },
      { next: 3, state: later.state, deltas: [...deltas, ...later.deltas] },
    );
    expect(told(third.takeProvisional(metric).results)).toEqual([]);
  });

  it('is never part of a final', () => {
    const metric = bigSpenders(true);
    const end = { offset: 3, appendMs: 1000, rows: [], advanceToMs: 1000 };
    const refunded = new PartitionLog(schema, 0, [...log.entries.slice(0, 3), end]);
    const aggregator = newAggregator(schema, [metric], refunded);
    aggregator.apply(refunded.batch(0, 2));
    aggregator.takeProvisional(metric);
    aggregator.apply(refunded.batch(2, 4));
    expect(aggregator.takeClosed().map(({ startMs, results }) => [startMs, results])).toEqual([
      [-10, null],
      [0, null],
    ]);
  });

  it('is taken back by a merge', () => {
    const metric = bigSpenders(false);
    const aggregator = newAggregator(schema, [metric], log);
    const merge = new WindowMerge({ schema, metrics: [metric], partitions: 1 });
    const steps = log.entries.map((_, i) => {
      aggregator.apply(log.batch(i, i + 1));
      for (const part of aggregator.takeProvisional(metric).parts) merge.applyPart(0, part, i);
      return told(merge.takeProvisional(metric)).filter(([startMs]) => startMs === 0);
    });
    expect(steps).toEqual([[[0, 'ann', 150]], [[0, 'ann', 155]], [[0, 'ann', 'retracted']], [], [[0, 'ann', 115]]]);
  });
});
