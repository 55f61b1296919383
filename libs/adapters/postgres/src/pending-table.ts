import type { FeedRow, FeedTable } from '@tillstream/contracts';
import { eventRow } from '@tillstream/contracts';
import type { EventBatch, StreamSchema } from '@tillstream/core';
import { CopyRows } from './copy-rows';
import { addEvents } from './event-writers';
import { VALUE_WRITERS } from './value-writers';

/** Events that were added together: rows `from` and following. */
interface AddedEvents {
  readonly from: number;
  readonly batch: EventBatch;
  readonly selected: Uint32Array;
}

/** Rows of one table that wait to be stored, encoded when they were added. */
export class PendingTable {
  private readonly encoded = new CopyRows();
  private readonly writers;
  private rows: FeedRow[] = [];
  private events: AddedEvents[] = [];

  constructor(
    readonly table: FeedTable,
    private readonly schema: StreamSchema,
  ) {
    this.writers = table.columns.map(({ name, type }) => ({ name, write: VALUE_WRITERS[type] }));
  }

  get count(): number {
    return this.encoded.count;
  }

  get bytes(): number {
    return this.encoded.size;
  }

  addRow(row: FeedRow): void {
    const { encoded } = this;
    encoded.beginRow(this.writers.length + 2);
    encoded.text(row.id);
    encoded.int64(row.version);
    for (const { name, write } of this.writers) {
      const value = row.values[name] ?? null;
      if (value === null) encoded.null();
      else write(encoded, value);
    }
    this.rows.push(row);
  }

  addEvents(batch: EventBatch, selected: Uint32Array): void {
    if (selected.length === 0) return;
    this.events.push({ from: this.count, batch, selected });
    addEvents(this.encoded, this.table.columns, this.schema.money.exponent, batch, selected);
  }

  frames(rows: readonly number[]): Uint8Array[] {
    return this.encoded.frames(rows);
  }

  keyAt(at: number): { readonly id: string; readonly version: number } {
    const { text, integer } = this.encoded.headOf(at);
    return { id: text, version: integer };
  }

  /** The row as it was given: of events made only when somebody asks. */
  rowAt(at: number): FeedRow {
    const added = this.events.findLast(({ from }) => from <= at);
    if (added === undefined) return this.rows[at] as FeedRow;
    return eventRow(this.schema, this.table, added.batch, added.selected[at - added.from] as number);
  }

  clear(): void {
    this.encoded.clear();
    this.rows = [];
    this.events = [];
  }
}
