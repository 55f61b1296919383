import type { Column, EventBatch } from '@tillstream/core';
import { emptyPosition } from '@tillstream/core';
import { dictionaryColumn, textColumn } from '@tillstream/core/testing';
import { smallDefinition } from '../testing';
import { EventRows, eventRow } from './event-rows';
import type { FeedTable } from './feed';
import { feedTables } from './feed-tables';

const { schema } = smallDefinition();
const [table] = feedTables(smallDefinition(), 'events') as readonly [FeedTable];
const AT_MS = Date.parse('2019-10-01T00:00:00.000Z');
const numbers = (...values: number[]): Column => ({ kind: 'number', values: Float64Array.from(values) });

/** Four rows of three records; the second has none. */
const batch: EventBatch = {
  stream: 'small',
  partition: 1,
  rawFrom: 10,
  rawNext: 14,
  before: emptyPosition(),
  after: emptyPosition(),
  records: {
    count: 3,
    offsets: Float64Array.of(10, 11, 13),
    rowCounts: Uint32Array.of(2, 0, 2),
    appendMs: Float64Array.of(AT_MS + 1, AT_MS + 2, AT_MS + 3),
    inputAfterMs: Float64Array.of(0, 0, 0),
  },
  controls: [],
  rows: 4,
  rowIndexes: Uint32Array.of(0, 3, 1, 2),
  columns: new Map([
    [1, textColumn(['a', 'b', 'c', 'd'])],
    [2, numbers(AT_MS, AT_MS + 10, AT_MS + 20, AT_MS + 30)],
    [3, textColumn([null, 'é', 'u', null])],
    [4, dictionaryColumn(['buy', 'view', 'buy', 'cart'])],
    [6, numbers(-1, NaN, 12345, -0)],
  ]),
  ids: new Uint8Array(0),
  validCounts: Uint32Array.of(2, 0, 2),
  idCounts: Uint32Array.of(0, 0, 0),
  batchIds: new Uint8Array(0),
  batchIdRecords: new Uint32Array(0),
};

describe('rows of events', () => {
  it('have every declared field, and where they stand', () => {
    const rows = new EventRows(schema, table).of(batch, Uint32Array.of(0, 1, 2, 3));
    expect(rows[0]).toEqual({
      table: 'events',
      id: '1|10|0',
      version: 0,
      timeMs: AT_MS,
      partition: 1,
      offset: 10,
      index: 0,
      record: null,
      values: {
        _partition: 1,
        _offset: 10,
        _index: 0,
        _append_time: AT_MS + 1,
        id: 'a',
        at: AT_MS,
        user: null,
        kind: 'buy',
        category: null,
        amount: '-0.01',
      },
    });
    expect(rows.map(({ id }) => id)).toEqual(['1|10|0', '1|10|3', '1|13|1', '1|13|2']);
    expect(rows.map(({ values }) => values['_append_time'])).toEqual([AT_MS + 1, AT_MS + 1, AT_MS + 3, AT_MS + 3]);
    expect(rows.map(({ values }) => values['user'])).toEqual([null, 'é', 'u', null]);
    expect(rows.map(({ values }) => values['kind'])).toEqual(['buy', 'view', 'buy', 'cart']);
    expect(rows.map(({ values }) => values['amount'])).toEqual(['-0.01', null, '123.45', '0.00']);
  });

  it('are those that are asked for, each the same alone', () => {
    const all = new EventRows(schema, table).of(batch, Uint32Array.of(0, 1, 2, 3));
    expect(new EventRows(schema, table).of(batch, Uint32Array.of(1, 3))).toEqual([all[1], all[3]]);
    expect(all.map((_, row) => eventRow(schema, table, batch, row))).toEqual(all);
  });

  it('have the columns of the table only', () => {
    const few = { ...table, columns: table.columns.filter(({ name }) => name === 'kind' || name === '_offset') };
    expect(eventRow(schema, few, batch, 3)).toMatchObject({ id: '1|13|2', timeMs: AT_MS + 30 });
    expect(eventRow(schema, few, batch, 3).values).toEqual({ _offset: 13, kind: 'cart' });
  });
});
