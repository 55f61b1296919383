import type { FeedTable } from '@tillstream/contracts';
import { EventRows, feedTables } from '@tillstream/contracts';
import { eventLog, sinkStream } from '@tillstream/engine/testing';
import * as fc from 'fast-check';
import { PendingTable } from './pending-table';

describe('events that are written straight from their columns', () => {
  const definition = sinkStream();
  const log = eventLog(definition, 1, 60);
  const [whole] = feedTables(definition, 'events') as readonly [FeedTable];
  const columns = fc.shuffledSubarray([...whole.columns]);

  it('are the bytes that their rows would be, whichever columns are wanted', () =>
    fc.assert(
      fc.property(fc.nat(59), fc.nat(59), columns, (one, other, own) => {
        const table = { ...whole, columns: own };
        const portion = log.portion(Math.min(one, other), Math.max(one, other) + 1);
        if (portion.rows.kind !== 'columns') throw new Error('events come in columns');
        const { batch, selected } = portion.rows;
        const [direct, byRow] = [
          new PendingTable(table, definition.schema),
          new PendingTable(table, definition.schema),
        ];
        direct.addEvents(batch, selected);
        const rows = new EventRows(definition.schema, table).of(batch, selected);
        for (const row of rows) byRow.addRow(row);
        const all = rows.map((_, at) => at);
        expect(Buffer.concat(direct.frames(all))).toEqual(Buffer.concat(byRow.frames(all)));
        expect(all.map((at) => direct.rowAt(at))).toEqual(rows);
        expect(all.map((at) => direct.keyAt(at))).toEqual(rows.map(({ id, version }) => ({ id, version })));
      }),
    ));

  it('are sent in part as they are sent whole, in one frame where they follow each other', () => {
    const pending = new PendingTable(whole, definition.schema);
    const portion = log.portion(0, 20);
    if (portion.rows.kind !== 'columns') throw new Error('events come in columns');
    pending.addEvents(portion.rows.batch, portion.rows.selected);
    const rowsIn = (rows: readonly number[]): Buffer =>
      Buffer.concat(
        pending
          .frames(rows)
          .filter((_, i) => i % 2 === 1)
          .slice(1, -1),
      );
    const singly = (rows: readonly number[]): Buffer => Buffer.concat(rows.map((row) => rowsIn([row])));
    expect(pending.frames([3, 4, 5])).toHaveLength(6);
    for (const rows of [[0, 1, 2], [0, 2, 3, 7], [pending.count - 1], []]) expect(rowsIn(rows)).toEqual(singly(rows));
  });
});
