import type { EventBatch } from '../batch/event-batch';
import type { KeyInterner } from '../metrics/groups/key-interner';
import type { Field, StreamSchema } from '../stream/schema';
import { fieldByName } from '../stream/fields';
import { grownBytes, grownInts } from '../windowing/grow';
import { textColumn } from './field-texts';

/** No row of it has a key. */
export const NO_USER = 0;

/** Whose the rows of a batch are: of each the key's text, as the partitioner sees it, by its id. */
export class VisitorKeys {
  /** By row; NO_USER: the row has no key. */
  ids = new Int32Array(0);
  /** By row: which of the fields of the key it is. */
  fields = new Uint8Array(0);
  private readonly keyFields: readonly Field[];
  private pending = new Int32Array(0);

  constructor(
    private readonly schema: StreamSchema,
    private readonly users: KeyInterner,
  ) {
    this.keyFields = schema.key.map((name) => {
      const field = fieldByName(schema, name);
      if (field === null) throw new RangeError(`key field ${name} is not declared`);
      return field;
    });
  }

  begin(batch: EventBatch): void {
    const { rows } = batch;
    this.ids = grownInts(this.ids, rows);
    this.fields = grownBytes(this.fields, rows);
    this.pending = grownInts(this.pending, rows);
    this.ids.fill(NO_USER, 0, rows);
    for (let row = 0; row < rows; row++) this.pending[row] = row;
    let pending = rows;
    this.keyFields.forEach((field, number) => {
      if (pending > 0) pending = this.resolve(batch, field, number, pending);
    });
  }

  /** Takes the first `count` pending rows; returns how many are left, which have nothing in this field. */
  private resolve(batch: EventBatch, field: Field, number: number, count: number): number {
    const { ids, pending, fields } = this;
    const column = textColumn(this.schema, field, batch);
    if (column === null) return count;
    const { offsets, bytes } = column;
    let left = 0;
    if (column.kind === 'dictionary') {
      const entryIds = new Int32Array(offsets.length - 1);
      for (let i = 0; i < count; i++) {
        const row = pending[i] as number;
        const entry = column.indices[row] as number;
        if (entry < 0 || offsets[entry] === offsets[entry + 1]) {
          pending[left++] = row;
          continue;
        }
        if (entryIds[entry] === 0) {
          entryIds[entry] = this.users.intern(bytes, offsets[entry] as number, offsets[entry + 1] as number);
        }
        ids[row] = entryIds[entry] as number;
        fields[row] = number;
      }
      return left;
    }
    const { nulls } = column;
    // Rows that have the field come to the front, the others stay pending behind them.
    const rest: number[] = [];
    let taken = 0;
    for (let i = 0; i < count; i++) {
      const row = pending[i] as number;
      if ((nulls !== null && nulls[row] === 1) || offsets[row] === offsets[row + 1]) rest.push(row);
      else {
        pending[taken++] = row;
        fields[row] = number;
      }
    }
    this.users.internRows(bytes, offsets, pending, 0, taken, ids);
    for (const row of rest) pending[left++] = row;
    return left;
  }
}
