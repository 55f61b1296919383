import type { Column, DictionaryColumn, NumberColumn, TextColumn } from '../batch/event-batch';
import { grownInts } from '../windowing/grow';
import type { TextTable } from './text-table';
import { NO_TEXT } from './text-table';

const UNKNOWN = -0x80000000;
const NO_BYTES = new DataView(new ArrayBuffer(0));

/** The texts that the rows of a batch have in one field. */
export class FieldTexts {
  private column: TextColumn | DictionaryColumn | null = null;
  private view: DataView = NO_BYTES;
  /** By dictionary entry. */
  private entryIds = new Int32Array(0);

  /** @param maxBytes a longer text is cut there, at a character */
  constructor(
    private readonly texts: TextTable,
    private readonly maxBytes: number,
  ) {}

  begin(column: Column | null): void {
    this.column = column?.kind === 'number' ? textsOf(column) : column;
    const { bytes } = this.column ?? {};
    this.view = bytes ? new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength) : NO_BYTES;
    this.forgetIds();
  }

  /** To be called when the table of texts has been cleared. */
  forgetIds(): void {
    if (this.column?.kind !== 'dictionary') return;
    const entries = this.column.offsets.length - 1;
    this.entryIds = grownInts(this.entryIds, entries);
    this.entryIds.fill(UNKNOWN, 0, entries);
  }

  /** Id of a row's text; NO_TEXT where it has none or an empty one; of what is left of a text that was cut, −id. */
  at(row: number): number {
    const { column } = this;
    if (column === null) return NO_TEXT;
    if (column.kind === 'text') {
      return column.nulls !== null && column.nulls[row] === 1 ? NO_TEXT : this.add(column.offsets, row);
    }
    const entry = column.indices[row] as number;
    if (entry < 0) return NO_TEXT;
    const known = this.entryIds[entry] as number;
    if (known !== UNKNOWN) return known;
    return (this.entryIds[entry] = this.add(column.offsets, entry));
  }

  private add(offsets: Uint32Array, index: number): number {
    const start = offsets[index] as number;
    const end = offsets[index + 1] as number;
    if (end - start <= this.maxBytes) return this.texts.add(this.view, start, end);
    let cut = start + this.maxBytes;
    while ((this.view.getUint8(cut) & 0xc0) === 0x80) cut--;
    return -this.texts.add(this.view, start, cut);
  }
}

/** Numbers as their decimal texts: keys and products may be ints. */
export function textsOf({ values }: NumberColumn): TextColumn {
  const encoder = new TextEncoder();
  const texts = Array.from(values, (value) => (Number.isNaN(value) ? '' : String(value)));
  const offsets = new Uint32Array(texts.length + 1);
  texts.forEach((text, i) => (offsets[i + 1] = (offsets[i] as number) + text.length));
  return { kind: 'text', bytes: encoder.encode(texts.join('')), offsets, nulls: null };
}
