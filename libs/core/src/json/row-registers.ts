/** What a field of the current row holds. */
export const ABSENT = 0;
export const TEXT = 1;
export const NUMBER = 2;

/** Where the bytes of a text are. */
export const FROM_INPUT = 0;
export const FROM_SCRATCH = 1;
export const FROM_TABLE = 2;

/**
 * The values of one row by slot (position of the field in the stream's declaration), overwritten by the next row: no
 * object is made for an event.
 */
export class RowRegisters {
  /** ABSENT (or null), TEXT or NUMBER. */
  readonly status: Uint8Array;
  /** TEXT: FROM_INPUT, FROM_SCRATCH or FROM_TABLE (the slot's own table of values). */
  readonly source: Uint8Array;
  /** TEXT: range of its UTF-8 bytes in its source. */
  readonly start: Int32Array;
  readonly end: Int32Array;
  /** TEXT: entry in the slot's table of values, or -1. */
  readonly entry: Int32Array;
  /** NUMBER: int, double, money in minor units, bool as 0 and 1, timestamp in epoch ms. */
  readonly number: Float64Array;

  constructor(readonly slots: number) {
    this.status = new Uint8Array(slots);
    this.source = new Uint8Array(slots);
    this.start = new Int32Array(slots);
    this.end = new Int32Array(slots);
    this.entry = new Int32Array(slots);
    this.number = new Float64Array(slots);
  }

  setText(slot: number, source: number, start: number, end: number): void {
    this.status[slot] = TEXT;
    this.source[slot] = source;
    this.start[slot] = start;
    this.end[slot] = end;
    this.entry[slot] = -1;
  }

  setScratchText(slot: number, start: number, end: number): void {
    this.setText(slot, FROM_SCRATCH, start, end);
  }

  /** Marks the number that was written to `number[slot]` as the field's value. */
  setNumber(slot: number): void {
    this.status[slot] = NUMBER;
  }
}
