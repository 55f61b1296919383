import type { StagedRows } from '../batch/staged-rows';

/** What a field of a row holds. From FROM_INPUT on it is a text, and the status says where its bytes are. */
export const ABSENT = 0;
export const NUMBER = 1;
export const FROM_INPUT = 2;
export const FROM_SCRATCH = 3;
export const FROM_TABLE = 4;

/** Rows that can be staged before they go to the columns: few enough that they stay in the nearest cache. */
export const STAGED_ROWS = 64;

/**
 * The values of the current row, by slot (position of the field in the stream's declaration), and behind those of rows
 * that are staged for the columns: no object is made for an event, and nothing is copied to stage one.
 */
export class RowRegisters implements StagedRows {
  readonly status: Uint8Array;
  readonly start: Int32Array;
  readonly end: Int32Array;
  readonly entry: Int32Array;
  readonly number: Float64Array;
  /** Where the current row begins in each of the lists. */
  base = 0;
  count = 0;

  constructor(readonly stride: number) {
    const size = stride * STAGED_ROWS;
    this.status = new Uint8Array(size);
    this.start = new Int32Array(size);
    this.end = new Int32Array(size);
    this.entry = new Int32Array(size);
    this.number = new Float64Array(size);
  }

  /** Makes every field of the current row absent. */
  clear(): void {
    const { status, base } = this;
    for (let at = base; at < base + this.stride; at++) status[at] = ABSENT;
  }

  statusOf(slot: number): number {
    return this.status[this.base + slot] as number;
  }

  setText(slot: number, source: number, start: number, end: number): void {
    const at = this.base + slot;
    this.status[at] = source;
    this.start[at] = start;
    this.end[at] = end;
  }

  /** The text of an entry of the slot's table of values. */
  setEntry(slot: number, entry: number, start: number, end: number): void {
    this.setText(slot, FROM_TABLE, start, end);
    this.entry[this.base + slot] = entry;
  }

  /** The number at `number[base + slot]` is the field's value. */
  setNumber(slot: number): void {
    this.status[this.base + slot] = NUMBER;
  }

  /** Keeps the current row; the next is written behind it. At most STAGED_ROWS. */
  stage(): void {
    this.keep(this.count + 1);
  }

  /** Keeps only the first `count` staged rows. */
  keep(count: number): void {
    this.count = count;
    this.base = count * this.stride;
  }
}
