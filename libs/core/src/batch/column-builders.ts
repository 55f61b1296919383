import { copyWords, sameWords, textHash } from '../hash/text-hash';
import { WORD_SLACK } from '../hash/word-slack';
import { copiedTo } from '../windowing/grow';

import type { DictionaryColumn, NumberColumn, TextColumn } from './event-batch';
import { FIRST_TEXT_SOURCE, STAGED_NUMBER, TABLE_SOURCE, type StagedRows, type TextSources } from './staged-rows';

const INITIAL_ROWS = 64;
const INITIAL_BYTES = 1024;

/** Collects a number column row by row; the memory is used again for the next batch. */
export class NumberBuilder {
  rows = 0;
  private values = new Float64Array(INITIAL_ROWS);
  private present = 0;

  /** Appends field `slot` of the staged rows. */
  append({ count, stride, status, number }: StagedRows, slot: number): void {
    if (this.rows + count > this.values.length) {
      this.values = copiedTo(new Float64Array(2 * (this.rows + count)), this.values);
    }
    const { values, rows } = this;
    let present = 0;
    for (let r = 0, at = slot; r < count; r++, at += stride) {
      if (status[at] === STAGED_NUMBER) {
        values[rows + r] = number[at] as number;
        present++;
      } else {
        values[rows + r] = NaN;
      }
    }
    this.present += present;
    this.rows = rows + count;
  }

  truncate(rows: number): void {
    for (; this.rows > rows; this.rows--) if (!Number.isNaN(this.values[this.rows - 1])) this.present--;
  }

  /** The column, or null when every row is null; the builder is empty afterwards. */
  finish(): NumberColumn | null {
    const { rows, present } = this;
    this.rows = 0;
    this.present = 0;
    return present === 0 ? null : { kind: 'number', values: this.values.slice(0, rows) };
  }
}

/** Collects a text column row by row; the memory is used again for the next batch. */
export class TextBuilder {
  rows = 0;
  private readonly data = new ByteBuilder();
  private offsets = new Uint32Array(INITIAL_ROWS + 1);
  private nulls = new Uint8Array(INITIAL_ROWS);
  private nullCount = 0;

  /** Appends field `slot` of the staged rows. */
  append({ count, stride, status, start, end }: StagedRows, slot: number, sources: TextSources): void {
    if (this.rows + count > this.nulls.length) this.growRows(this.rows + count);
    const { data, nulls, offsets, rows } = this;
    let bytes = 0;
    for (let r = 0, at = slot; r < count; r++, at += stride) {
      if ((status[at] as number) >= FIRST_TEXT_SOURCE) bytes += (end[at] as number) - (start[at] as number);
    }
    data.reserve(bytes);
    const { view } = data;
    let to = data.length;
    let nullCount = 0;
    for (let r = 0, at = slot; r < count; r++, at += stride) {
      const source = status[at] as number;
      if (source >= FIRST_TEXT_SOURCE) {
        const from = start[at] as number;
        const length = (end[at] as number) - from;
        copyWords(sources.views[source] as DataView, from, view, to, length);
        to += length;
        nulls[rows + r] = 0;
      } else {
        nulls[rows + r] = 1;
        nullCount++;
      }
      offsets[rows + r + 1] = to;
    }
    data.length = to;
    this.nullCount += nullCount;
    this.rows = rows + count;
  }

  truncate(rows: number): void {
    for (; this.rows > rows; this.rows--) this.nullCount -= this.nulls[this.rows - 1] as number;
    this.data.length = this.offsets[rows] as number;
  }

  /** The column, or null when every row is null; the builder is empty afterwards. */
  finish(): TextColumn | null {
    const { rows, nullCount } = this;
    const bytes = this.data.take();
    this.rows = 0;
    this.nullCount = 0;
    if (nullCount === rows) return null;
    return {
      kind: 'text',
      bytes,
      offsets: this.offsets.slice(0, rows + 1),
      nulls: nullCount === 0 ? null : this.nulls.slice(0, rows),
    };
  }

  private growRows(needed: number): void {
    this.offsets = copiedTo(new Uint32Array(2 * needed + 1), this.offsets);
    this.nulls = copiedTo(new Uint8Array(2 * needed), this.nulls);
  }
}

/** Collects a dictionary-coded column row by row; the memory is used again for the next batch. */
export class DictionaryBuilder {
  rows = 0;
  private readonly data = new ByteBuilder();
  private indices = new Int32Array(INITIAL_ROWS);
  private entries = 0;
  private offsets = new Uint32Array(INITIAL_ROWS + 1);
  private hashes = new Int32Array(INITIAL_ROWS);
  /** Entry + 1 by hash, open addressing, at most half full. */
  private cells = new Int32Array(2 * INITIAL_ROWS);
  /** Entry + 1 of the values of the field's table. */
  private readonly ofTable: Int32Array;
  private present = 0;

  constructor(tableEntries: number) {
    this.ofTable = new Int32Array(tableEntries);
  }

  /** Appends field `slot` of the staged rows. */
  append({ count, stride, status, start, end, entry }: StagedRows, slot: number, sources: TextSources): void {
    if (this.rows + count > this.indices.length) {
      this.indices = copiedTo(new Int32Array(2 * (this.rows + count)), this.indices);
    }
    const { indices, rows, ofTable } = this;
    let present = 0;
    for (let r = 0, at = slot; r < count; r++, at += stride) {
      const source = status[at] as number;
      let index = -1;
      if (source >= FIRST_TEXT_SOURCE) {
        present++;
        index = source === TABLE_SOURCE ? (ofTable[entry[at] as number] as number) - 1 : -1;
        if (index < 0) {
          const bytes = sources.bytes[source] as Uint8Array;
          index = this.intern(bytes, sources.views[source] as DataView, start[at] as number, end[at] as number);
          if (source === TABLE_SOURCE) ofTable[entry[at] as number] = index + 1;
        }
      }
      indices[rows + r] = index;
    }
    this.present += present;
    this.rows = rows + count;
  }

  truncate(rows: number): void {
    for (; this.rows > rows; this.rows--) if (this.indices[this.rows - 1] !== -1) this.present--;
    // Entries are numbered by first use, so those of the rows that stay come first.
    let entries = 0;
    for (let row = 0; row < rows; row++) entries = Math.max(entries, (this.indices[row] as number) + 1);
    this.data.length = this.offsets[entries] as number;
    this.entries = entries;
    this.cells.fill(0);
    for (let entry = 0; entry < entries; entry++) this.enter(entry);
    this.ofTable.fill(0);
  }

  /** The column, or null when every row is null; the builder is empty afterwards. */
  finish(): DictionaryColumn | null {
    const { rows, present, entries } = this;
    const bytes = this.data.take();
    const column = {
      kind: 'dictionary' as const,
      indices: this.indices.slice(0, rows),
      bytes,
      offsets: this.offsets.slice(0, entries + 1),
    };
    if (entries > 0) {
      this.cells.fill(0);
      this.ofTable.fill(0);
    }
    this.rows = 0;
    this.present = 0;
    this.entries = 0;
    return present === 0 ? null : column;
  }

  private intern(bytes: Uint8Array, view: DataView, start: number, end: number): number {
    const length = end - start;
    const hash = textHash(bytes, view, start, end);
    const mask = this.cells.length - 1;
    for (let cell = hash & mask; ; cell = (cell + 1) & mask) {
      const entry = (this.cells[cell] as number) - 1;
      if (entry < 0) return this.addEntry(view, start, end, hash);
      const known = this.offsets[entry] as number;
      if (
        this.hashes[entry] === hash &&
        (this.offsets[entry + 1] as number) - known === length &&
        sameWords(view, start, this.data.view, known, length)
      ) {
        return entry;
      }
    }
  }

  private addEntry(view: DataView, start: number, end: number, hash: number): number {
    const entry = this.entries++;
    if (entry === this.hashes.length) this.growEntries();
    this.offsets[entry + 1] = this.data.append(view, start, end - start);
    this.hashes[entry] = hash;
    this.enter(entry);
    return entry;
  }

  private enter(entry: number): void {
    const mask = this.cells.length - 1;
    let cell = (this.hashes[entry] as number) & mask;
    while (this.cells[cell] !== 0) cell = (cell + 1) & mask;
    this.cells[cell] = entry + 1;
  }

  private growEntries(): void {
    const size = 2 * this.hashes.length;
    this.hashes = copiedTo(new Int32Array(size), this.hashes);
    this.offsets = copiedTo(new Uint32Array(size + 1), this.offsets);
    this.cells = new Int32Array(2 * size);
    for (let entry = 0; entry < this.entries - 1; entry++) this.enter(entry);
  }
}

/** Bytes laid end to end. */
class ByteBuilder {
  bytes = new Uint8Array(INITIAL_BYTES);
  length = 0;
  view = new DataView(this.bytes.buffer);

  /** Returns the length with the new bytes. */
  append(source: DataView, start: number, length: number): number {
    this.reserve(length);
    copyWords(source, start, this.view, this.length, length);
    this.length += length;
    return this.length;
  }

  /** Makes room for so many bytes more. */
  reserve(more: number): void {
    if (this.length + more + WORD_SLACK <= this.bytes.length) return;
    this.bytes = copiedTo(new Uint8Array(2 * (this.length + more) + WORD_SLACK), this.bytes);
    this.view = new DataView(this.bytes.buffer);
  }

  /** The bytes as a copy; empty afterwards. */
  take(): Uint8Array {
    const taken = this.bytes.slice(0, this.length);
    this.length = 0;
    return taken;
  }
}
