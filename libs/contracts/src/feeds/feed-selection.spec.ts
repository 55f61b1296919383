import fc from 'fast-check';
import type { LogEntry } from '@tillstream/core/testing';
import { PartitionLog, conditions, evaluateRow, rowFields, testSchema } from '@tillstream/core/testing';
import type { SinkFeed } from '../stream-file/sink-definition';
import { wholeFeed } from '../stream-file/sink-feeds';
import { commerceDefinition, smallDefinition } from '../testing';
import { EventRows } from './event-rows';
import type { FeedRow, FeedTable } from './feed';
import { FeedSelection } from './feed-selection';
import { feedTables } from './feed-tables';

const small = smallDefinition();
const stream = { ...small, schema: testSchema };
const [events] = feedTables(stream, 'events') as readonly [FeedTable];
const textOf = (value: number | string | boolean) => ({ kind: 'literal' as const, value, type: 'string' as const });
const is = (name: string, value: string): SinkFeed['filter'] => ({
  ...{ kind: 'compare', operator: '==', type: 'bool' },
  left: { kind: 'field', name, type: 'string' },
  right: textOf(value),
});

const entries: fc.Arbitrary<readonly LogEntry[]> = fc
  .array(fc.array(fc.tuple(rowFields, fc.option(fc.constantFrom('u1', 'é'))), { maxLength: 4 }), { maxLength: 6 })
  .map((records) =>
    records.map((rows, i) => ({
      offset: 10 + 2 * i,
      appendMs: 1_000 + i,
      rows: rows.map(([fields, user], row) => ({ ...fields, user, at: 500 + 10 * i + row })),
    })),
  );

describe('the rows that a sink wants', () => {
  it('are of events those for which the filter holds, in batches and one by one, from any offset on', () => {
    fc.assert(
      fc.property(entries, conditions, fc.nat(24), (log, filter, from) => {
        const batch = new PartitionLog(testSchema, 1, log).batch(0, log.length);
        const selection = new FeedSelection(stream, { ...wholeFeed('events'), filter });
        const placed = log.flatMap(({ offset, rows }) => rows.map((row) => ({ offset, row })));
        const wanted = placed.flatMap(({ offset, row }, i) =>
          offset >= from && evaluateRow(filter, row) === true ? [i] : [],
        );
        expect([...selection.events(batch, from)]).toEqual(wanted);

        const all = Uint32Array.from(placed, (_, i) => i);
        const rows = new EventRows(testSchema, events).of(batch, all);
        const chosen = rows.filter(({ offset }, i) => offset >= from && wanted.includes(i));
        expect(selection.rows(rows.filter(({ offset }) => offset >= from))).toEqual(chosen);
      }),
    );
  });

  it('are all, where nothing is said', () => {
    const log: LogEntry[] = [0, 1, 2].map((offset) => ({ offset, appendMs: 1, rows: [{ at: 5 }, { at: 6 }] }));
    const batch = new PartitionLog(testSchema, 1, log).batch(0, 3);
    expect([...new FeedSelection(stream, wholeFeed('events')).events(batch)]).toEqual([0, 1, 2, 3, 4, 5]);
    expect([...new FeedSelection(stream, wholeFeed('events')).events(batch, 2)]).toEqual([4, 5]);
    expect([...new FeedSelection(stream, wholeFeed('events')).events(batch, 3)]).toEqual([]);
  });

  const aFinal = (metric: string, table: string, values: FeedRow['values'] = {}): FeedRow => ({
    ...{ table, id: `f|${table}`, version: 1, timeMs: 0, partition: 0, offset: 0, index: 0, record: null },
    values: { metric, ...values },
  });

  it('are of finals those of the metrics that are named, whether they are declared or not', () => {
    const [sales, spend] = small.metrics.map(({ identity }) => identity) as [string, string];
    const selection = new FeedSelection(small, { ...wholeFeed('finals'), metrics: ['sales'] });
    expect(selection.tables.map(({ name }) => name)).toEqual([sales, 'finals']);
    const rows = [aFinal('sales', sales), aFinal('spend', spend), aFinal('sales', 'finals'), aFinal('gone', 'finals')];
    expect(selection.rows(rows)).toEqual([rows[0], rows[2]]);
  });

  it('have the columns that are named, in the order of the table, and are filtered by others, too', () => {
    const columns = ['total', 'window_start'];
    const feed = { ...wholeFeed('finals'), columns, filter: is('metric', 'sales') };
    const selection = new FeedSelection(small, feed);
    const [sales, spend, visitors] = selection.tables;
    expect(sales?.columns.map(({ name }) => name)).toEqual(['window_start', 'total']);
    expect(spend?.columns.map(({ name }) => name)).toEqual(['window_start', 'total']);
    expect(visitors?.columns.map(({ name }) => name)).toEqual(['window_start']);
    const row = aFinal('sales', sales?.name ?? '', { window_start: 5, total: '1.00', orders: 3 });
    expect(selection.rows([row, aFinal('spend', spend?.name ?? '')])).toEqual([
      { ...row, values: { window_start: 5, total: '1.00' } },
    ]);
  });

  it('are compared by amounts, instants and flags as conditions of metrics compare', () => {
    const commerce = commerceDefinition();
    const field = (name: string, type: 'money' | 'timestamp') => ({ kind: 'field' as const, name, type });
    const filter: SinkFeed['filter'] = {
      ...{ kind: 'logic', operator: '&&', type: 'bool' },
      left: {
        ...{ kind: 'compare', operator: '>', type: 'bool' },
        left: field('revenue', 'money'),
        right: { kind: 'literal', value: 999, type: 'money' },
      },
      right: { kind: 'field', name: 'converted', type: 'bool' },
    };
    const selection = new FeedSelection(commerce, { ...wholeFeed('sessions'), filter });
    const session = (revenue: string | null, converted: boolean) => aFinal('', 'sessions', { revenue, converted });
    const rows = [session('9.99', true), session('10.00', true), session('10.00', false), session(null, true)];
    expect(selection.rows(rows)).toEqual([rows[1]]);
  });
});
