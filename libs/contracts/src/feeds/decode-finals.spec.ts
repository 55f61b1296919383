import type { MetricDefinition, ResultBlock } from '@tillstream/core';
import { PartitionAggregator, WindowMerge } from '@tillstream/core';
import { PartitionLog, logEntries, metricLists, plainResults, testSchema } from '@tillstream/core/testing';
import fc from 'fast-check';
import { encodeResults } from '../results/result-records';
import { smallDefinition } from '../testing';
import { feedDecoder } from './feed-decoder';
import { feedTables } from './feed-tables';
import type { FeedColumn } from './feed';

const users = ['ann', 'bob', '', 'é "x"', null];
const logs = logEntries(users).map((entries) => new PartitionLog(testSchema, 0, entries));

/** The finals of a log's only partition. */
function finalsOf(metrics: readonly MetricDefinition[], log: PartitionLog): ResultBlock[] {
  const start = { next: 0, before: log.before(0), completeFromMs: -Infinity };
  const aggregator = PartitionAggregator.create({ schema: testSchema, metrics, partition: 0 }, start);
  aggregator.apply(log.batch(0, log.entries.length));
  const closed = aggregator.takeClosed();
  const merge = new WindowMerge({ schema: testSchema, metrics, partitions: 1 });
  closed.forEach(({ part }, offset) => part && merge.applyPart(0, part, offset));
  merge.applyFrontier(0, Infinity);
  return [...closed, ...merge.takeClosed()].flatMap(({ results }) => results ?? []);
}

/** Cents as people write them. */
function amount(cents: number): string {
  const digits = String(Math.abs(cents)).padStart(3, '0');
  return `${cents < 0 ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}

/** A plain value as a column of that type has it. */
function expected(value: unknown, { type }: FeedColumn): unknown {
  if (value === null) return null;
  if (type === 'money') return amount(value as number);
  if (type === 'bool') return Boolean(value);
  return typeof value === 'number' ? value + 0 : value;
}

/** Lists say money and instants as results do: of these only the length is compared. */
function comparable(value: unknown, { type }: FeedColumn): unknown {
  return type === 'json' && Array.isArray(value) ? value.length : value;
}

describe('rows of finals', () => {
  it('say in typed columns what was computed, whatever the metric, and which record says it', () => {
    let judged = 0;
    fc.assert(
      fc.property(metricLists, logs, (metrics, log) => {
        const definition = { ...smallDefinition(), schema: testSchema, metrics };
        const tables = new Map(feedTables(definition, 'finals').map((table) => [table.name, table]));
        const decode = feedDecoder(definition, 'finals');
        for (const block of finalsOf(metrics, log)) {
          const { metric, revision, startMs, endMs } = block;
          const columns = tables.get(metric.identity)?.columns.filter(({ of }) => of !== undefined) ?? [];
          const records = encodeResults(block, testSchema);
          const rows = records.flatMap(({ key, value }) =>
            decode({ key, value, offset: 7, timestampMs: 1, headers: {} }, 2),
          );
          const told = rows.map(({ values, ...row }) => ({
            ...{ ...row, record: Buffer.from(row.record ?? []).toString() },
            about: [values['metric'], values['window_start'], values['window_end'], values['truncated']],
            values: columns.map((column) => comparable(values[column.name], column)),
          }));
          const plain = plainResults(block, testSchema);
          judged += plain.length;
          expect(told).toEqual(
            plain.map(({ group, measures, truncated }, i) => ({
              ...{ table: metric.identity, version: revision, timeMs: startMs, partition: 2, offset: 7, index: 0 },
              id: Buffer.from(records[i]?.key ?? []).toString(),
              record: Buffer.from(records[i]?.value ?? []).toString(),
              about: [metric.name, startMs, endMs, truncated],
              values: columns.map((column) => {
                const { kind, name } = column.of as { kind: string; name: string };
                const computed = kind === 'group' ? group[metric.groupBy.indexOf(name)] : measures[name];
                return comparable(expected(computed ?? null, column), column);
              }),
            })),
          );
        }
      }),
      { numRuns: 60 },
    );
    expect(judged).toBeGreaterThan(200);
  });
});
