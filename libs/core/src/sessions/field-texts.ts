import type { Column, DictionaryColumn, EventBatch, TextColumn } from '../batch/event-batch';
import { cutEnd } from '../batch/cut-text';
import { fieldText } from '../batch/field-text';
import type { Field, StreamSchema } from '../stream/schema';
import { grownInts } from '../windowing/grow';
import type { TextTable } from './text-table';
import { NO_TEXT } from './text-table';

const UNKNOWN = -0x80000000;
const NOTHING = new Uint8Array(0);
const NO_OFFSETS = new Uint32Array(1);

/** The texts that the rows of a batch have in one field: as bytes where they stand, or by their ids in a table. */
export class FieldTexts {
  bytes: Uint8Array = NOTHING;
  /** Of the row that was located last. */
  start = 0;
  private offsets: Uint32Array = NO_OFFSETS;
  private indices: Int32Array | null = null;
  private nulls: Uint8Array | null = null;
  private isMissing = true;
  private view = new DataView(new ArrayBuffer(0)) as DataView;
  /** By dictionary entry. */
  private entryIds = new Int32Array(0);

  /**
   * @param field null: rows have none
   * @param maxBytes a longer text is cut there, at a character, before it gets an id
   */
  constructor(
    private readonly schema: StreamSchema,
    private readonly field: Field | null,
    private readonly table: TextTable,
    private readonly maxBytes: number,
  ) {}

  begin(batch: EventBatch): void {
    const column = this.field && textColumn(this.schema, this.field, batch);
    this.isMissing = column === null;
    this.indices = column?.kind === 'dictionary' ? column.indices : null;
    this.nulls = column?.kind === 'text' ? column.nulls : null;
    this.offsets = column?.offsets ?? NO_OFFSETS;
    this.bytes = column?.bytes ?? NOTHING;
    this.view = new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.byteLength);
    this.forgetIds();
  }

  /** To be called when the table has been cleared. */
  forgetIds(): void {
    if (this.indices === null) return;
    const entries = this.offsets.length - 1;
    this.entryIds = grownInts(this.entryIds, entries);
    this.entryIds.fill(UNKNOWN, 0, entries);
  }

  /** Finds the text of a row: it is bytes[start, start + what is returned). 0: it has none, or an empty one. */
  locate(row: number): number {
    const text = this.textOf(row);
    if (text < 0) return 0;
    this.start = this.offsets[text] as number;
    return (this.offsets[text + 1] as number) - this.start;
  }

  /** Id of a row's text; NO_TEXT where it has none or an empty one; of what is left of a text that was cut, −id. */
  at(row: number): number {
    if (this.indices === null) return this.add(row);
    const entry = this.indices[row] as number;
    if (entry < 0) return NO_TEXT;
    const known = this.entryIds[entry] as number;
    return known === UNKNOWN ? (this.entryIds[entry] = this.add(row)) : known;
  }

  private add(row: number): number {
    const length = this.locate(row);
    if (length === 0) return NO_TEXT;
    const { start } = this;
    if (length <= this.maxBytes) return this.table.add(this.view, start, start + length);
    return -this.table.add(this.view, start, cutEnd(this.bytes, start, start + length, this.maxBytes));
  }

  private textOf(row: number): number {
    if (this.isMissing) return -1;
    if (this.indices !== null) return this.indices[row] as number;
    return this.nulls !== null && this.nulls[row] === 1 ? -1 : row;
  }
}

/** The texts of a field, which may be one of numbers. Null: it is null in every row. */
export function textColumn(
  schema: StreamSchema,
  field: Field,
  batch: EventBatch,
): TextColumn | DictionaryColumn | null {
  const column: Column | undefined = batch.columns.get(field.number);
  if (column === undefined) return null;
  if (column.kind !== 'number') return column;
  const texts = Array.from({ length: batch.rows }, (_, row) => fieldText(schema, field, batch, row, Infinity) ?? '');
  const offsets = new Uint32Array(texts.length + 1);
  texts.forEach((text, i) => (offsets[i + 1] = (offsets[i] as number) + text.length)); // numbers are ASCII
  return { kind: 'text', bytes: new TextEncoder().encode(texts.join('')), offsets, nulls: null };
}
