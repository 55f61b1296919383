import { EventRows, feedTables, type FeedRow, type FeedTable, type FeedValue } from '@tillstream/contracts';
import { definitionFrom } from '@tillstream/contracts/testing';
import { PartitionLog, type LogEntry } from '@tillstream/core/testing';
import type { FeedPortion, SinkPartition } from '@tillstream/engine';
import { SINK_STREAM, sinkStream } from '@tillstream/engine/testing';
import fc from 'fast-check';

import { LakeUnderTest } from '../testing/lake-under-test';

const START_MS = Date.UTC(2026, 0, 5, 23, 59, 30);
const definition = sinkStream();
const { schema } = definition;
const [table] = feedTables(definition, 'events') as readonly [FeedTable];

const texts = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 12 }),
  fc.string({ unit: 'grapheme', minLength: 13, maxLength: 90 }),
);

/** An event of each type of field, out of order, before and behind midnight. */
const events = fc.record({
  id: texts,
  at: fc.integer({ min: START_MS - 60_000, max: START_MS + 60_000 }),
  user: texts,
  kind: fc.constantFrom('view', 'cart', 'buy'),
  category: fc.option(
    fc.constantFrom('c1', '', 'NULL', 'a category with a long name', 'ü/=%', '__HIVE_DEFAULT_PARTITION__'),
  ),
  amount: fc.option(fc.maxSafeInteger()),
  pieces: fc.option(fc.maxSafeInteger()),
  rating: fc.option(fc.double({ noNaN: true, noDefaultInfinity: true })),
  member: fc.option(fc.boolean()),
});
const logs = fc
  .array(fc.array(events, { maxLength: 6 }), { minLength: 1, maxLength: 12 })
  .map((records) => records.map((rows, offset): LogEntry => ({ offset, appendMs: START_MS + offset, rows })));

const fail = () => Promise.reject(new Error('the lake refuses nothing'));

async function onLake(test: (lake: LakeUnderTest) => Promise<void>): Promise<void> {
  const lake = await LakeUnderTest.create(definition);
  try {
    await test(lake);
  } finally {
    await lake.close();
  }
}

/** A value as DuckDB tells it in JSON. */
function told(value: FeedValue | undefined, type: string): unknown {
  if (value === undefined || value === null) return null;
  if (type === 'int') return (value as number).toString();
  return value;
}

describe('rows of the lake', () => {
  it.each([[['date']], [['date', 'category']], [['date', 'pieces']], [['date', 'member']]])(
    'are the events that were added, kept apart by %j, whatever they hold',
    (partitionBy) =>
      fc.assert(
        fc.asyncProperty(logs, fc.nat(11), async (entries, cut) =>
          onLake(async (lake) => {
            const log = new PartitionLog(schema, 3, entries);
            const sink = lake.connect({ partitionBy });
            const partition = await sink.open('events', 3, [table]);
            const expected: unknown[] = [];
            for (const [from, next] of [
              [0, Math.min(cut, entries.length)],
              [Math.min(cut, entries.length), entries.length],
            ] as const) {
              if (from === next) continue;
              const batch = log.batch(from, next);
              const selected = Uint32Array.from({ length: batch.rows }, (_, row) => row).filter((row) => row % 5 !== 4);
              await partition.add({ from, next, rows: { kind: 'columns', table, batch, selected } });
              for (const { values, timeMs } of new EventRows(schema, table).of(batch, selected)) {
                const day = new Date(timeMs).toISOString().slice(0, 10);
                expected.push({
                  ...Object.fromEntries(table.columns.map(({ name, type }) => [name, told(values[name], type)])),
                  date: day,
                });
              }
              if (cut % 2 === 0) await partition.flush(fail);
            }
            await partition.flush(fail);
            const rows = await lake.query(
              'events',
              'SELECT * REPLACE (epoch_ms("at") AS "at", epoch_ms(_append_time) AS _append_time) FROM events ORDER BY _offset, _index',
            );
            expect(
              rows.map(({ at, _append_time, ...row }) => ({
                ...row,
                at: Number(at),
                _append_time: Number(_append_time),
              })),
            ).toEqual(expected);
            await sink.close();
          }),
        ),
        { numRuns: 6 },
      ),
  );

  it('stand by event time in their files, whose names, footers and statistics say what they hold', () =>
    onLake(async (lake) => {
      const rows = Array.from({ length: 5_000 }, (_, i) => {
        const at = START_MS + ((i * 7_919) % 20_000);
        return {
          id: `e${i}`,
          at,
          user: 'u',
          kind: 'view',
          category: null,
          amount: null,
          pieces: i,
          rating: null,
          member: null,
        };
      });
      const log = new PartitionLog(schema, 0, [{ offset: 7, appendMs: START_MS, rows }]);
      const sink = lake.connect();
      const partition = await sink.open('events', 0, [table]);
      const batch = log.batch(0, 1);
      const selected = Uint32Array.from(rows.keys());
      await partition.add({ from: 7, next: 8, rows: { kind: 'columns', table, batch, selected } });
      await partition.flush(fail);
      const [file, ...more] = (await lake.snapshot('events'))?.files.values() ?? [];
      if (file === undefined) throw new Error('there is no file');
      expect(more).toEqual([]);
      expect(file).toMatchObject({
        rows: 5_000,
        partition: { date: '2026-01-05' },
        min: { _partition: 0, _offset: 7, at: START_MS, pieces: 0, kind: 'view' },
        max: { _partition: 0, _offset: 7, at: START_MS + 19_999, pieces: 4_999, kind: 'view' },
      });
      expect(file.path).toMatch(/^date=2026-01-05\/p0-7-8-[0-9a-f]{8}\.parquet$/);
      const local = await lake.table('events').local(file);
      const notes = await lake.rows(
        `SELECT decode(key) AS key, decode(value) AS value FROM parquet_kv_metadata('${local}')`,
      );
      expect(Object.fromEntries(notes.map(({ key, value }) => [key, value]))).toMatchObject({
        'tillstream.stream': 'sunk',
        'tillstream.feed': 'events',
        'tillstream.partition': '0',
        'tillstream.from': '7',
        'tillstream.next': '8',
      });
      const unordered = `SELECT count(*) AS n FROM (SELECT "at", lag("at") OVER () AS before FROM read_parquet('${local}')) WHERE "at" < before`;
      expect(await lake.rows(unordered)).toEqual([{ n: '0' }]);
      await sink.close();
    }));

  it('are the finals that were added: what all have, a column of each metric, and the record', () =>
    onLake(async (lake) => {
      const tables = feedTables(definition, 'finals');
      const [sales, visitors, others] = tables as readonly [FeedTable, FeedTable, FeedTable];
      const final = (of: FeedTable, offset: number, values: FeedRow['values']): FeedRow => {
        const record = new TextEncoder().encode(JSON.stringify({ ü: offset }));
        const shared = {
          metric: of.metric ?? 'gone',
          definition: '0123abcd',
          window_start: START_MS,
          window_end: START_MS + 1,
          truncated: false,
        };
        return {
          ...{
            table: of.name,
            id: `f|${offset}`,
            version: offset,
            timeMs: START_MS,
            partition: 1,
            offset,
            index: 0,
            record,
          },
          values: { ...shared, group: { category: null }, revision: offset, ...values },
        };
      };
      const rows = [
        final(sales, 0, { category: 'ü', total: '-12.05', orders: 2 ** 53 - 1 }),
        final(sales, 1, { category: null, total: null, orders: 0 }),
        final(visitors, 2, { viewers: 5 }),
        final(others, 3, { measures: { left: [1] } }),
      ];
      const sink = lake.connect();
      const partition = await sink.open('finals', 1, tables);
      await partition.add({ from: 0, next: 4, rows: { kind: 'rows', rows } });
      await partition.flush(fail);
      const of = ({ name }: FeedTable) => name.replace('@', '_');
      const stored = await lake.query(
        'finals',
        `SELECT _offset, metric, epoch_ms(window_start) AS start, epoch_ms(_time) AS "time", "group", revision, record, ` +
          `${of(sales)} AS sales, ${of(visitors)} AS visitors, date FROM finals ORDER BY _offset`,
      );
      const row = (offset: number, metric: string | null, more: object) => ({
        ...{
          _offset: String(offset),
          metric,
          start: String(START_MS),
          time: String(START_MS),
          group: '{"category":null}',
        },
        ...{
          revision: String(offset),
          record: JSON.stringify({ ü: offset }),
          sales: null,
          visitors: null,
          date: '2026-01-05',
          ...more,
        },
      });
      expect(stored).toEqual([
        row(0, 'sales', { sales: { category: 'ü', total: '-12.05', orders: '9007199254740991' } }),
        row(1, 'sales', { sales: { category: null, total: null, orders: '0' } }),
        row(2, 'visitors', { visitors: { viewers: '5' } }),
        row(3, 'gone', {}),
      ]);
      await sink.close();
    }));

  it('have columns that a later stream file declares, and null for it before', () =>
    onLake(async (lake) => {
      const store = async (
        partition: SinkPartition,
        of: FeedTable,
        offset: number,
        rows: LogEntry['rows'],
        log = schema,
      ) => {
        const batch = new PartitionLog(log, 0, [{ offset, appendMs: START_MS, rows }]).batch(0, 1);
        const portion: FeedPortion = {
          from: offset,
          next: offset + 1,
          rows: { kind: 'columns', table: of, batch, selected: Uint32Array.of(0) },
        };
        await partition.add(portion);
        await partition.flush(fail);
      };
      const event = {
        id: 'a',
        at: START_MS,
        user: 'u',
        kind: 'view',
        category: null,
        amount: null,
        pieces: null,
        rating: null,
        member: null,
      };
      const sink = lake.connect();
      await store(await sink.open('events', 0, [table]), table, 0, [event]);
      await sink.close();
      const wider = SINK_STREAM.replace('metrics:', '  colour: {type: string, optional: true}\nmetrics:');
      const later = definitionFrom(wider, 'sunk.yaml');
      const again = lake.connect({}, later);
      const [withColour] = feedTables(later, 'events') as readonly [FeedTable];
      await store(
        await again.open('events', 0, [withColour]),
        withColour,
        1,
        [{ ...event, colour: 'red' }],
        later.schema,
      );
      await again.close();
      expect(await lake.query('events', 'SELECT _offset, colour FROM events ORDER BY _offset')).toEqual([
        { _offset: '0', colour: null },
        { _offset: '1', colour: 'red' },
      ]);
    }));
});
