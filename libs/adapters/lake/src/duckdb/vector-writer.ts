import type { Vector } from '@duckdb/node-bindings';
import {
  copy_data_to_vector,
  copy_data_to_vector_validity,
  vector_assign_string_element_len,
  vector_ensure_validity_writable,
  vector_get_data,
} from '@duckdb/node-bindings';

/** Rows of DuckDB's vectors. */
export const CHUNK_ROWS = 2_048;

const WORD = 2 ** 32;
/** Texts up to this length stand in the vector itself, longer ones behind a pointer. */
const INLINE_BYTES = 12;
const TEXT_WORDS = 4;
/** V8 gives up quick code that touches the very last word of a view. */
const HEAP_SLACK = 8;
const MICROS_PER_MS = 1_000;

/**
 * Writes one vector of a DuckDB chunk after the other, each with a few calls however many rows it has: values are laid out here as
 * DuckDB lays them out, and copied there at once.
 */
export class VectorWriter {
  private words = new Int32Array(TEXT_WORDS * CHUNK_ROWS);
  private bytes = new Uint8Array(this.words.buffer);
  private doubles = new Float64Array(this.words.buffer);
  private valid = new Uint8Array(CHUNK_ROWS / 8).fill(0xff);
  private hasNull = false;
  /** Bytes of long texts. */
  private heap = new Uint8Array(64 * 1024);
  private heapView = new DataView(this.heap.buffer);
  private heapBytes = 0;
  private longTexts = new Int32Array(CHUNK_ROWS);
  private longCount = 0;
  private vector: Vector | null = null;
  private rows = 0;

  /** From here on rows are those of `vector`, none of them null. Every row that is not null has to be set. */
  begin(vector: Vector, rows: number): void {
    if (rows > this.longTexts.length) this.grow(rows);
    this.vector = vector;
    this.rows = rows;
    if (this.hasNull) this.valid.fill(0xff);
    this.hasNull = false;
    this.heapBytes = 0;
    this.longCount = 0;
  }

  setNull(row: number): void {
    const { valid } = this;
    this.hasNull = true;
    const at = row >> 3;
    valid[at] = (valid[at] as number) & ~(1 << (row & 7));
  }

  setNullText(row: number): void {
    this.setNull(row);
    const { words } = this;
    const word = TEXT_WORDS * row;
    // No pointer of an earlier vector is left.
    words[word] = 0;
    words[word + 1] = 0;
    words[word + 2] = 0;
    words[word + 3] = 0;
  }

  /** A whole number below 2^53. */
  setLong(row: number, value: number): void {
    const { words } = this;
    const high = Math.floor(value / WORD);
    words[2 * row] = (value - high * WORD) | 0;
    words[2 * row + 1] = high;
  }

  setBigInt(row: number, value: bigint): void {
    this.words[2 * row] = Number(BigInt.asIntN(32, value));
    this.words[2 * row + 1] = Number(BigInt.asIntN(32, value >> 32n));
  }

  setTimestamp(row: number, ms: number): void {
    this.setLong(row, Math.floor(ms) * MICROS_PER_MS);
  }

  setDouble(row: number, value: number): void {
    this.doubles[row] = value;
  }

  setBoolean(row: number, value: boolean): void {
    this.bytes[row] = value ? 1 : 0;
  }

  /** @param text UTF-8, or any bytes of a blob: bytes[start, end) */
  setText(row: number, text: Uint8Array, start: number, end: number): void {
    if (end - start <= INLINE_BYTES) this.setShortText(row, text, start, end);
    else this.setLongText(row, text, start, end, this.toHeap(text, start, end));
  }

  /** As `setText`, by words: short texts of a long column cost less so. @param view of what the text stands in */
  setTextByWords(row: number, text: Uint8Array, view: DataView, start: number, end: number): void {
    const length = end - start;
    if (length <= INLINE_BYTES) {
      this.setShortText(row, text, start, end);
      return;
    }
    const at = this.heapBytes;
    if (at + length + HEAP_SLACK > this.heap.length) this.growHeap(at + length);
    const { heapView } = this;
    const last = length - 4;
    for (let i = 0; i < last; i += 4) heapView.setInt32(at + i, view.getInt32(start + i, true), true);
    heapView.setInt32(at + last, view.getInt32(start + last, true), true);
    this.heapBytes = at + length;
    this.setLongText(row, text, start, end, at);
  }

  /** Bytes that the texts of several rows stand in, to be copied at once; `setTextOf` is given where they begin. */
  share(bytes: Uint8Array): number {
    return this.toHeap(bytes, 0, bytes.length);
  }

  /** As `setText`, for a text whose bytes are shared: they are those at `at` there. */
  setTextOf(row: number, text: Uint8Array, start: number, end: number, at: number): void {
    if (end - start <= INLINE_BYTES) this.setShortText(row, text, start, end);
    else this.setLongText(row, text, start, end, at);
  }

  /** The text of another row once more. */
  repeatText(row: number, of: number): void {
    const { words } = this;
    const to = TEXT_WORDS * row;
    const from = TEXT_WORDS * of;
    const length = words[from] as number;
    words[to] = length;
    words[to + 1] = words[from + 1] as number;
    words[to + 2] = words[from + 2] as number;
    words[to + 3] = words[from + 3] as number;
    if (length > INLINE_BYTES) this.longTexts[this.longCount++] = row;
  }

  /** Elements of a list, in the vector of its elements. */
  setList(row: number, firstElement: number, elements: number): void {
    const word = 4 * row;
    this.words[word] = firstElement;
    this.words[word + 1] = 0;
    this.words[word + 2] = elements;
    this.words[word + 3] = 0;
  }

  endLongs(): void {
    this.end(8);
  }

  endDoubles(): void {
    this.end(8);
  }

  endBooleans(): void {
    this.end(1);
  }

  endLists(): void {
    this.end(16);
  }

  /** Only whether its rows are null. */
  endStruct(): void {
    this.end(0);
  }

  endTexts(): void {
    if (this.longCount > 0) this.moveHeap();
    this.end(16);
  }

  /** DuckDB takes the long texts as one, and we learn where that is: the texts of the rows point into it. */
  private moveHeap(): void {
    const { words, longTexts, longCount } = this;
    const vector = this.vector as Vector;
    vector_assign_string_element_len(vector, 0, this.heap.subarray(0, this.heapBytes));
    const cell = vector_get_data(vector, 16);
    const view = new DataView(cell.buffer, cell.byteOffset, 16);
    const [length, low, high] = [view.getUint32(0, true), view.getUint32(8, true), view.getUint32(12, true)];
    if (length !== this.heapBytes) throw new Error('texts that are not UTF-8 cannot be stored');
    // Where the low half of an address would overflow, which is hardly ever, the high one is one more.
    const crossing = WORD - low;
    for (let i = 0; i < longCount; i++) {
      const word = TEXT_WORDS * (longTexts[i] as number);
      const at = words[word + 2] as number;
      words[word + 2] = (low + at) | 0;
      words[word + 3] = at >= crossing ? high + 1 : high;
    }
  }

  private setShortText(row: number, text: Uint8Array, start: number, end: number): void {
    const { words, bytes } = this;
    const word = TEXT_WORDS * row;
    words[word] = end - start;
    words[word + 1] = 0;
    words[word + 2] = 0;
    words[word + 3] = 0;
    for (let to = 4 * word + 4, from = start; from < end; from++, to++) bytes[to] = text[from] as number;
  }

  /** @param at where it is in the heap */
  private setLongText(row: number, text: Uint8Array, start: number, end: number, at: number): void {
    const { words } = this;
    const word = TEXT_WORDS * row;
    words[word] = end - start;
    words[word + 1] =
      (text[start] as number) |
      ((text[start + 1] as number) << 8) |
      ((text[start + 2] as number) << 16) |
      ((text[start + 3] as number) << 24);
    words[word + 2] = at;
    words[word + 3] = 0;
    this.longTexts[this.longCount++] = row;
  }

  private toHeap(text: Uint8Array, start: number, end: number): number {
    const at = this.heapBytes;
    const length = end - start;
    if (at + length + HEAP_SLACK > this.heap.length) this.growHeap(at + length);
    this.heap.set(start === 0 && end === text.length ? text : text.subarray(start, end), at);
    this.heapBytes = at + length;
    return at;
  }

  private end(bytesPerRow: number): void {
    const vector = this.vector as Vector;
    if (bytesPerRow > 0 && this.rows > 0) {
      copy_data_to_vector(vector, 0, this.words.buffer, 0, bytesPerRow * this.rows);
    }
    if (this.hasNull) {
      vector_ensure_validity_writable(vector);
      copy_data_to_vector_validity(vector, 0, this.valid.buffer, 0, 8 * Math.ceil(this.rows / 64));
    }
    this.vector = null;
  }

  private grow(rows: number): void {
    const room = Math.ceil((2 * rows) / 64) * 64;
    this.words = new Int32Array(TEXT_WORDS * room);
    this.bytes = new Uint8Array(this.words.buffer);
    this.doubles = new Float64Array(this.words.buffer);
    this.valid = new Uint8Array(room / 8).fill(0xff);
    this.longTexts = new Int32Array(room);
  }

  private growHeap(needed: number): void {
    const heap = new Uint8Array(2 * needed + HEAP_SLACK);
    heap.set(this.heap.subarray(0, this.heapBytes));
    this.heap = heap;
    this.heapView = new DataView(heap.buffer);
  }
}
