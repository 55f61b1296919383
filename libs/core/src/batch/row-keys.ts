import { fieldByName } from '../stream/fields';
import type { Field, StreamSchema } from '../stream/schema';
import type { Column, EventBatch } from './event-batch';

const ZERO = 0x30;
const MINUS = 0x2d;
/** Digits and sign of a number below 2^53. */
const INTEGER_BYTES = 17;

/** Whom the rows of a batch belong to: the first field of the stream's key that a row has, as the partitioner sees its text. */
export class RowKeys {
  /** Of the row that was located last: its key is bytes[start, end). */
  bytes: Uint8Array = new Uint8Array(0);
  start = 0;
  end = 0;
  private readonly fields: readonly Field[];
  private columns: Column[] = [];
  private readonly integer = new Uint8Array(INTEGER_BYTES);

  /** @throws RangeError when the schema does not declare its own key */
  constructor(schema: StreamSchema) {
    this.fields = schema.key.map((name) => {
      const field = fieldByName(schema, name);
      if (field === null) throw new RangeError(`field ${name} is not declared`);
      return field;
    });
  }

  begin({ columns }: EventBatch): void {
    this.columns = this.fields.flatMap(({ number }) => columns.get(number) ?? []);
  }

  /** Finds the key of a row; false: it has none. */
  locate(row: number): boolean {
    for (const column of this.columns) {
      if (column.kind === 'number') {
        const value = column.values[row] as number;
        if (Number.isNaN(value)) continue;
        this.writeInteger(value);
        return true;
      }
      const text = column.kind === 'dictionary' ? (column.indices[row] as number) : row;
      if (text < 0 || (column.kind === 'text' && column.nulls !== null && column.nulls[row] === 1)) continue;
      const start = column.offsets[text] as number;
      const end = column.offsets[text + 1] as number;
      if (start === end) continue; // an empty key is none
      this.bytes = column.bytes;
      this.start = start;
      this.end = end;
      return true;
    }
    return false;
  }

  /** A key that is no text is a whole number. */
  private writeInteger(value: number): void {
    const { integer } = this;
    let at = INTEGER_BYTES;
    let rest = Math.abs(value);
    do {
      integer[--at] = ZERO + (rest % 10);
      rest = Math.floor(rest / 10);
    } while (rest > 0);
    if (value < 0) integer[--at] = MINUS;
    this.bytes = integer;
    this.start = at;
    this.end = INTEGER_BYTES;
  }
}
