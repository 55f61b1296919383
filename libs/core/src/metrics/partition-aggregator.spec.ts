import * as fc from 'fast-check';
import type { MetricDefinition } from './definition';
import type { ResultBlock } from './output';
import type { PartitionAggregator } from './partition-aggregator';
import { logEntries, metricLists, testSchema } from './testing/metric-arbitraries';
import { PartitionLog } from './testing/partition-log';
import { plainResults, sortedResults } from './testing/plain-results';
import { applyInBatches, newAggregator, newestCounts } from './testing/run-aggregator';
import { hoppingOf, judgePartition, resultsOf } from './testing/window-oracle';
import { WindowMerge } from './merge/window-merge';

const schema = testSchema;
const users = ['ann', 'bob', 'cat', 'a user with a rather long name', '', null];
const logs = logEntries(users).map((entries) => new PartitionLog(schema, 0, entries));
const cuts = fc.array(fc.nat(25), { maxLength: 6 }).map((ends) => ends.sort((a, b) => a - b));

describe('PartitionAggregator', () => {
  it('gives the finals of local metrics that looking at every row by itself gives', () => {
    fc.assert(
      fc.property(metricLists, logs, cuts, (metrics, log, ends) => {
        const { closed } = applyInBatches(newAggregator(schema, metrics, log), log, ends);
        for (const metric of metrics.filter(({ local }) => local)) {
          const expected = [...judgePartition(log, metric, schema).closed].map(([startMs, { rows, revision }]) => {
            const results = sortedResults(resultsOf(metric, schema, rows));
            return {
              startMs,
              endMs: startMs + hoppingOf(metric).sizeMs,
              revision: results.length > 0 ? revision : null,
              results,
            };
          });
          const told = closed
            .filter((window) => window.metric === metric)
            .map(({ startMs, endMs, results }) => ({
              startMs,
              endMs,
              revision: results?.revision ?? null,
              results: results ? sortedResults(plainResults(results, schema)) : [],
            }));
          expect(byStart(told)).toEqual(byStart(expected));
        }
      }),
      { numRuns: 250 },
    );
  });

  it('gives frozen parts of merged metrics that merge into what looking at every row by itself gives', () => {
    fc.assert(
      fc.property(metricLists, logs, cuts, (metrics, log, ends) => {
        const { closed } = applyInBatches(newAggregator(schema, metrics, log), log, ends);
        const merge = new WindowMerge({ schema, metrics, partitions: 1 });
        closed.forEach(({ part }, offset) => part && merge.applyPart(0, part, offset));
        merge.applyFrontier(0, Infinity);
        const merged = merge.takeClosed();
        for (const metric of metrics.filter(({ local }) => !local)) {
          const expected = [...judgePartition(log, metric, schema).closed].map(([startMs, { rows, revision }]) => {
            const results = sortedResults(resultsOf(metric, schema, rows));
            return { startMs, revision: results.length > 0 ? revision : null, results };
          });
          const told = merged
            .filter((window) => window.metric === metric)
            .map(({ startMs, results }) => ({
              startMs,
              revision: results?.revision ?? null,
              results: results ? sortedResults(plainResults(results, schema)) : [],
            }));
          expect(byStart(told)).toEqual(byStart(expected));
        }
      }),
      { numRuns: 250 },
    );
  });

  it('reports every row that missed a window, with the windows it missed, and counts it in each', () => {
    fc.assert(
      fc.property(metricLists, logs, cuts, (metrics, log, ends) => {
        const { late, counts } = applyInBatches(newAggregator(schema, metrics, log), log, ends);
        const expected = metrics.map((metric) => judgePartition(log, metric, schema));
        const told = late.map(({ metric, rawOffset, index, missedStartsMs, latenessMs }) => {
          return { metric: metric.name, rawOffset, index, missedStartsMs, latenessMs };
        });
        const inOrder = expected
          .flatMap((verdict, order) => verdict.late.map((row) => ({ row, order })))
          .sort((a, b) => a.row.rawOffset - b.row.rawOffset || a.row.index - b.row.index || a.order - b.order);
        expect(told).toEqual(inOrder.map(({ row }) => row));
        const newest = newestCounts(counts).map(({ metric, startMs, count, revision }) => {
          return { metric: metric.name, startMs, count, revision };
        });
        const key = (count: { metric: string; startMs: number }) => `${count.metric}|${count.startMs}`;
        const sorted = <T extends { metric: string; startMs: number }>(items: T[]) =>
          items.sort((a, b) => (key(a) < key(b) ? -1 : 1));
        expect(sorted(newest)).toEqual(sorted(expected.flatMap((verdict) => [...verdict.lateCounts])));
      }),
      { numRuns: 300 },
    );
  });

  it('tells the same bytes in the same order wherever batches are cut, and when ranges overlap', () => {
    fc.assert(
      fc.property(metricLists, logs, cuts, fc.nat(3), (metrics, log, ends, overlap) => {
        const whole = applyInBatches(newAggregator(schema, metrics, log), log, []);
        const cut = applyInBatches(newAggregator(schema, metrics, log), log, ends);
        expect(cut.closed).toEqual(whole.closed);
        expect(cut.late).toEqual(whole.late);

        const overlapping = newAggregator(schema, metrics, log);
        let from = 0;
        for (const to of [...ends.filter((end) => end <= log.entries.length), log.entries.length]) {
          overlapping.apply(log.batch(Math.max(0, from - overlap), to));
          from = to;
        }
        expect(overlapping.takeClosed()).toEqual(whole.closed);
        expect(overlapping.takeLate().rows).toEqual(whole.late);
        expect(overlapping.next).toBe(log.rawFrom(log.entries.length));
      }),
      { numRuns: 200 },
    );
  });

  it('keeps who reads its provisional results up to date with every open window', () => {
    fc.assert(
      fc.property(metricLists, logs, cuts, (metrics, log, ends) => {
        const aggregator = newAggregator(schema, metrics, log);
        const view = new ProvisionalView();
        let from = 0;
        for (const end of [...ends, log.entries.length]) {
          const to = Math.min(end, log.entries.length);
          aggregator.apply(log.batch(from, to));
          from = to;
          for (const closed of aggregator.takeClosed()) view.close(closed.metric, closed.startMs);
          for (const metric of metrics.filter(({ local }) => local)) {
            view.update(metric, aggregator);
            const { open } = judgePartition(log, metric, schema, to);
            const expected = [...open].flatMap(([startMs, rows]) =>
              sortedResults(resultsOf(metric, schema, rows)).map((result) => ({ startMs, ...result })),
            );
            expect(view.rows(metric)).toEqual(inTextOrder(expected));
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  it('keeps nothing once every window is closed', () => {
    fc.assert(
      fc.property(metricLists, logs, cuts, (metrics, log, ends) => {
        const end = { offset: 1000, appendMs: 1e9, rows: [], advanceToMs: 1e8 };
        const finished = new PartitionLog(schema, 0, [...log.entries, end]);
        const aggregator = newAggregator(schema, metrics, finished);
        applyInBatches(aggregator, finished, ends);
        expect(aggregator.openUntilMs()).toBe(-Infinity);
        expect(aggregator.size()).toEqual({ slices: 0, groups: 0, members: 0, steps: 0, keys: 0 });
      }),
      { numRuns: 300 },
    );
  });

  it('tells nothing of windows that begin before it is complete', () => {
    fc.assert(
      fc.property(
        metricLists,
        logs,
        cuts,
        fc.integer({ min: -200, max: 300 }),
        (metrics, log, ends, completeFromMs) => {
          const all = applyInBatches(newAggregator(schema, metrics, log), log, ends);
          const aggregator = newAggregator(schema, metrics, log, completeFromMs);
          const some = applyInBatches(aggregator, log, ends);
          expect(some.closed).toEqual(all.closed.filter(({ startMs }) => startMs >= completeFromMs));
          for (const metric of metrics) {
            const { results, parts } = aggregator.takeProvisional(metric);
            for (const { startMs } of [...results, ...parts]) expect(startMs).toBeGreaterThanOrEqual(completeFromMs);
          }
        },
      ),
      { numRuns: 100 },
    );
  });
});

/** What a reader of provisional upserts knows. */
class ProvisionalView {
  private readonly known = new Map<string, { metric: string; startMs: number; row: object }>();

  update(metric: MetricDefinition, aggregator: PartitionAggregator): void {
    const isWaiting = aggregator.hasProvisional(metric);
    const { results } = aggregator.takeProvisional(metric);
    let told = 0;
    for (const block of results) told += this.apply(metric, block);
    if (told > 0) expect(isWaiting).toBe(true);
    if (metric.having === null) expect(isWaiting).toBe(told > 0);
    expect(aggregator.hasProvisional(metric)).toBe(false);
  }

  close(metric: MetricDefinition, startMs: number): void {
    for (const [key, row] of this.known) {
      if (row.metric === metric.name && row.startMs === startMs) this.known.delete(key);
    }
  }

  rows(metric: MetricDefinition): object[] {
    const rows = [...this.known.values()].filter((row) => row.metric === metric.name);
    return inTextOrder(rows.map(({ startMs, row }) => ({ startMs, ...row })));
  }

  private apply(metric: MetricDefinition, block: ResultBlock): number {
    const { startMs, final } = block;
    expect(final).toBe(false);
    const upserts = plainResults(block, schema);
    for (const { retracted, ...row } of upserts) {
      const key = JSON.stringify([metric.name, startMs, row.group]);
      if (retracted) expect(this.known.delete(key)).toBe(true);
      else this.known.set(key, { metric: metric.name, startMs, row });
    }
    return upserts.length;
  }
}

function byStart<T extends { startMs: number }>(windows: T[]): T[] {
  return windows.sort((a, b) => a.startMs - b.startMs);
}

function inTextOrder(rows: object[]): object[] {
  return rows.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}
