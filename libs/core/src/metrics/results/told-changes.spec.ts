import * as fc from 'fast-check';
import type { PartBlock, ResultBlock } from '../output';
import { PartitionAggregator } from '../partition-aggregator';
import type { SavedPiece } from '../checkpoint/metric-checkpoint';
import { logEntries, metricLists, testSchema } from '../testing/metric-arbitraries';
import { PartitionLog } from '../testing/partition-log';
import { plainResults } from '../testing/plain-results';
import { newAggregator } from '../testing/run-aggregator';

const schema = testSchema;
const logs = logEntries(['ann', 'bob', 'cat', null]).map((entries) => new PartitionLog(schema, 0, entries));
const steps = fc.array(
  fc.record({ entries: fc.nat(3), take: fc.boolean(), commit: fc.boolean(), crash: fc.boolean() }),
  { maxLength: 15 },
);

/** What a checkpoint holds: deltas with the raw position they were written for. */
class Saved {
  private pieces: SavedPiece[] = [];
  private state: Uint8Array = new Uint8Array(0);
  next = 0;

  commit(aggregator: PartitionAggregator): void {
    const { state, deltas, rewrites, drops } = aggregator.takeDeltas();
    const { next } = aggregator;
    const gone = new Set([...drops, ...rewrites.map(({ slice }) => slice)]);
    const added = [...rewrites, ...deltas].map((piece) => ({ ...piece, rawNext: next }));
    this.pieces = [...this.pieces.filter(({ slice }) => !gone.has(slice)), ...added];
    this.state = state;
    this.next = next;
  }

  restore(options: Parameters<typeof PartitionAggregator.restore>[0]): PartitionAggregator {
    return PartitionAggregator.restore(options, { next: this.next, state: this.state, deltas: this.pieces });
  }
}

/** Results and shares, each under the name of its group and window. */
function told(metric: string, { results, parts }: { results: ResultBlock[]; parts: PartBlock[] }): [string, string][] {
  return [
    ...results.flatMap((block) =>
      plainResults(block, schema).map(({ group, measures, retracted }): [string, string] => [
        `${metric} ${block.startMs} ${JSON.stringify(group)}`,
        retracted ? 'retracted' : JSON.stringify(measures),
      ]),
    ),
    ...parts.flatMap(({ startMs, groups, accumulators }) =>
      Array.from({ length: groups.count }, (_, i): [string, string] => {
        const cut = ({ bytes, offsets }: typeof groups): string =>
          Buffer.from(bytes.subarray(offsets[i], offsets[i + 1])).toString('hex');
        return [`${metric} ${startMs} ${cut(groups)}`, cut(accumulators)];
      }),
    ),
  ];
}

describe('provisional results of an aggregator that is restored', () => {
  it('leave out nothing that has changed, though what was told since the last commit may never have arrived', () => {
    fc.assert(
      fc.property(metricLists, logs, steps, (metrics, log, life) => {
        const options = { schema, metrics, partition: 0 };
        const arrived = new Map<string, string>();
        let sent: [string, string][] = [];
        const saved = new Saved();
        let aggregator = newAggregator(schema, metrics, log);
        const take = (): void => {
          for (const metric of metrics) sent.push(...told(metric.identity, aggregator.takeProvisional(metric)));
        };
        const commit = (): void => {
          saved.commit(aggregator);
          for (const [name, value] of sent.splice(0)) arrived.set(name, value);
        };
        const applyTo = (end: number): void => {
          aggregator.apply(log.batch(at, end));
          at = end;
        };
        let at = 0;
        let committedAt = 0;
        commit();
        for (const step of life) {
          applyTo(Math.min(at + step.entries, log.entries.length));
          if (step.take) take();
          if (step.commit) {
            commit();
            committedAt = at;
          }
          if (!step.crash) continue;
          sent = [];
          aggregator = saved.restore(options);
          at = committedAt;
        }
        applyTo(log.entries.length);
        take();
        commit();

        const everything = newAggregator(schema, metrics, log);
        everything.apply(log.batch(0, log.entries.length));
        for (const metric of metrics) {
          for (const [name, value] of told(metric.identity, everything.takeProvisional(metric))) {
            expect([name, arrived.get(name)]).toEqual([name, value]);
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  it('do not tell again what was told before the checkpoint', () => {
    fc.assert(
      fc.property(metricLists, logs, (metrics, log) => {
        const aggregator = newAggregator(schema, metrics, log);
        const saved = new Saved();
        log.entries.forEach((_, i) => {
          aggregator.apply(log.batch(i, i + 1));
          saved.commit(aggregator);
        });
        for (const metric of metrics) aggregator.takeProvisional(metric);
        saved.commit(aggregator);
        const restored = saved.restore({ schema, metrics, partition: 0 });
        expect(metrics.filter((metric) => restored.hasProvisional(metric))).toEqual([]);
      }),
    );
  });
});
