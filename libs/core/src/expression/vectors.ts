import { grownBytes, grownDoubles } from '../windowing/grow';

/** A buffer of bits (one byte each) that is used again from batch to batch. */
export class BitVector {
  private buffer = new Uint8Array(0);

  /** At least `rows` long; the content is left over from the last use. */
  take(rows: number): Uint8Array {
    this.buffer = grownBytes(this.buffer, rows);
    return this.buffer;
  }
}

/** A buffer of numbers that is used again from batch to batch. */
export class NumberVector {
  private buffer = new Float64Array(0);

  /** At least `rows` long; the content is left over from the last use. */
  take(rows: number): Float64Array {
    this.buffer = grownDoubles(this.buffer, rows);
    return this.buffer;
  }
}

/** The same number in every row; filled only when it grows. */
export class ConstantVector {
  private buffer = new Float64Array(0);

  constructor(private readonly value: number) {}

  take(rows: number): Float64Array {
    if (rows > this.buffer.length) {
      this.buffer = grownDoubles(this.buffer, rows);
      this.buffer.fill(this.value);
    }
    return this.buffer;
  }
}
