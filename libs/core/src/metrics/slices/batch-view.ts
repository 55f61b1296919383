import type { Column, EventBatch } from '../../batch/event-batch';
import type { Columns, Condition } from '../../expression/columns';
import type { Field, StreamSchema } from '../../stream/schema';
import { grownBytes, grownDoubles } from '../../windowing/grow';
import { ALWAYS } from '../plan/condition-set';

/** A batch with what several metrics derive from it, worked out once. Used again from batch to batch. */
export class BatchView implements Columns {
  /** First row of each record, and the number of rows behind the last. */
  rowStarts = new Uint32Array(1);
  private current: EventBatch | null = null;
  private readonly fields: ReadonlyMap<string, Field>;
  private readonly masks: (Uint8Array | null)[];
  private readonly keyField: Field;
  private presence = new Uint8Array(0);
  private presenceKnown = false;
  private readonly eventTimeField: Field;
  private noTimes = new Float64Array(0);

  /** @throws RangeError when the schema does not declare its own key or event time */
  constructor(
    schema: StreamSchema,
    private readonly conditions: readonly Condition[],
  ) {
    this.fields = new Map(schema.fields.map((field) => [field.name, field]));
    this.masks = conditions.map(() => null);
    this.keyField = this.declared(schema.key[0] ?? '');
    this.eventTimeField = this.declared(schema.eventTime.field);
  }

  begin(batch: EventBatch): void {
    this.current = batch;
    this.masks.fill(null);
    this.presenceKnown = false;
    const { count, rowCounts } = batch.records;
    if (this.rowStarts.length <= count) this.rowStarts = new Uint32Array(count + 1);
    let row = 0;
    for (let record = 0; record < count; record++) {
      this.rowStarts[record] = row;
      row += rowCounts[record] as number;
    }
    this.rowStarts[count] = row;
    if (row !== batch.rows)
      throw new RangeError(`the records of the batch count ${row} rows, its columns ${batch.rows}`);
  }

  /** Lets go of the batch. */
  end(): void {
    this.current = null;
  }

  get batch(): EventBatch {
    if (this.current === null) throw new Error('there is no batch at hand');
    return this.current;
  }

  get rows(): number {
    return this.batch.rows;
  }

  column(name: string): Column | null {
    return this.batch.columns.get(this.declared(name).number) ?? null;
  }

  /** Event times of the rows. */
  get times(): Float64Array {
    return this.numbers(this.eventTimeField.number);
  }

  /** Values of a number column, all NaN where the batch does not have it. */
  numbers(field: number): Float64Array {
    const column = this.batch.columns.get(field);
    if (column?.kind === 'number') return column.values;
    if (column) throw new TypeError(`column ${field} holds texts, not numbers`);
    if (this.noTimes.length < this.rows) {
      this.noTimes = grownDoubles(this.noTimes, this.rows);
      this.noTimes.fill(NaN);
    }
    return this.noTimes;
  }

  /** One byte a row, 1 where the condition holds; null for ALWAYS. */
  mask(condition: number): Uint8Array | null {
    if (condition === ALWAYS) return null;
    let mask = this.masks[condition] ?? null;
    if (mask === null) {
      mask = (this.conditions[condition] as Condition)(this);
      this.masks[condition] = mask;
    }
    return mask;
  }

  /** One byte a row, 1 where the stream's first key field is present (neither null nor empty). */
  keyPresence(): Uint8Array {
    if (this.presenceKnown) return this.presence;
    const { rows } = this;
    this.presence = grownBytes(this.presence, rows);
    const { presence } = this;
    const column = this.batch.columns.get(this.keyField.number);
    if (!column) presence.fill(0, 0, rows);
    else if (column.kind === 'number') {
      for (let i = 0; i < rows; i++) presence[i] = Number.isNaN(column.values[i]) ? 0 : 1;
    } else if (column.kind === 'text') {
      const { offsets, nulls } = column;
      for (let i = 0; i < rows; i++) {
        presence[i] = offsets[i] === offsets[i + 1] || (nulls !== null && nulls[i] === 1) ? 0 : 1;
      }
    } else {
      const { indices, offsets } = column;
      for (let i = 0; i < rows; i++) {
        const entry = indices[i] as number;
        presence[i] = entry < 0 || offsets[entry] === offsets[entry + 1] ? 0 : 1;
      }
    }
    this.presenceKnown = true;
    return presence;
  }

  /** Index of the record that holds a row. */
  recordOf(row: number): number {
    let low = 0;
    let high = this.batch.records.count - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.rowStarts[middle] as number) <= row) low = middle;
      else high = middle - 1;
    }
    // Records without rows begin where the next one does: the last of them that begins here holds the row.
    return low;
  }

  private declared(name: string): Field {
    const field = this.fields.get(name);
    if (!field) throw new RangeError(`field ${name} is not declared`);
    return field;
  }
}
