import { emptyPosition } from '@tillstream/core';
import type { Column, EventBatch } from '@tillstream/core';
import { dictionaryColumn, textColumn } from '@tillstream/core/testing';
import * as fc from 'fast-check';
import { smallDefinition } from '../testing';
import { EventRows } from './event-rows';
import type { FeedTable } from './feed';
import { EventJson, RowJson, feedValueJson } from './feed-json';
import { EVENT_COLUMNS, feedTables } from './feed-tables';

const { schema } = smallDefinition();
const [table] = feedTables(smallDefinition(), 'events') as readonly [FeedTable];
const AT_MS = Date.parse('2026-01-05T23:59:59.999Z');

const number = fc.oneof(fc.constantFrom(NaN, -0, 1, 12_345), fc.integer({ min: -1_000, max: 1_000_000 }));
const text = fc.option(fc.string({ unit: 'binary', maxLength: 5 }));

/** A batch of records of none to three rows, whose columns are there or not. */
const batches = fc.array(fc.nat(3), { maxLength: 6 }).chain((rowCounts) => {
  const rows = rowCounts.reduce((sum, count) => sum + count, 0);
  const exactly = { minLength: rows, maxLength: rows };
  const columns = fc.tuple(
    ...schema.fields.map(({ type, dictionary }): fc.Arbitrary<Column | undefined> => {
      if (type !== 'string') {
        const values = fc.array(number, exactly).map((drawn) => Float64Array.from(drawn));
        return fc.option(
          values.map((drawn): Column => ({ kind: 'number', values: drawn })),
          { nil: undefined },
        );
      }
      return fc.option(fc.array(text, exactly).map(dictionary ? dictionaryColumn : textColumn), { nil: undefined });
    }),
  );
  return columns.map((drawn): EventBatch => ({
    ...{ stream: 'small', partition: 1, rawFrom: 10, rawNext: 10 + rowCounts.length },
    ...{ before: emptyPosition(), after: emptyPosition(), controls: [], rows },
    records: {
      count: rowCounts.length,
      offsets: Float64Array.from(rowCounts, (_, i) => 10 + i),
      rowCounts: Uint32Array.from(rowCounts),
      appendMs: Float64Array.from(rowCounts, (_, i) => AT_MS + i),
      inputAfterMs: new Float64Array(rowCounts.length),
    },
    rowIndexes: Uint32Array.from(rowCounts.flatMap((count) => Array.from({ length: count }, (_, i) => 2 * i))),
    columns: new Map(drawn.flatMap((column, i) => (column === undefined ? [] : [[i + 1, column] as const]))),
    ...{ ids: new Uint8Array(0), validCounts: new Uint32Array(0), idCounts: new Uint32Array(0) },
    ...{ batchIds: new Uint8Array(0), batchIdRecords: new Uint32Array(0) },
  }));
});

describe('EventJson', () => {
  it('writes of every batch what its rows, made one by one, are written as', () => {
    const places = new Set(EVENT_COLUMNS.map(({ name }) => name));
    const fields = { ...table, columns: table.columns.filter(({ name }) => !places.has(name)) };
    const one = new RowJson(fields);
    const many = new EventJson(schema, table);
    fc.assert(
      fc.property(batches, fc.func(fc.boolean()), (batch, isMeant) => {
        const selected = Uint32Array.from(Array.from({ length: batch.rows }, (_, i) => i).filter(isMeant));
        const found: unknown[] = [];
        many.each(batch, selected, (members, row, place) => found.push([members, row, { ...place }]));
        const rows = new EventRows(schema, table).of(batch, selected);
        const expected = rows.map((row, i) => {
          const appendMs = row.values['_append_time'];
          return [
            one.members(row),
            selected[i],
            { offset: row.offset, index: row.index, appendMs, timeMs: row.timeMs },
          ];
        });
        expect(found).toEqual(expected);
        for (const row of rows) JSON.parse(`{${one.members(row)}}`);
      }),
    );
  });
});

describe('RowJson', () => {
  it('leaves nulls and columns that are not asked for out, and calls columns what it is told', () => {
    const columns = table.columns.slice(0, 2);
    const row = new RowJson({ ...table, columns }, ({ name }) => `@${name}`);
    expect(row.members({ values: { [columns[0]?.name ?? '']: null, [columns[1]?.name ?? '']: 7, other: 1 } })).toBe(
      `"@${columns[1]?.name}":7`,
    );
  });
});

describe('feedValueJson', () => {
  it('lets no reader round an amount, and has instants as ISO 8601 and bytes in base64', () => {
    expect(feedValueJson('12.30', 'money')).toBe('"12.30"');
    expect(feedValueJson(AT_MS, 'timestamp')).toBe('"2026-01-05T23:59:59.999Z"');
    expect(feedValueJson(Uint8Array.of(255, 0, 1).subarray(1), 'bytes')).toBe('"AAE="');
    expect(feedValueJson({ a: [1, null] }, 'json')).toBe('{"a":[1,null]}');
    expect(feedValueJson(['x', 'y'], 'strings')).toBe('["x","y"]');
    expect(feedValueJson(null, 'int')).toBe('null');
  });
});
