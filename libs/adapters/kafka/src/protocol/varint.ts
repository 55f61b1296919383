/** Zigzag: small numbers of either sign become small numbers. Exact for safe integers below 2^52. */
const zigzag = (value: number): number => (value >= 0 ? value * 2 : -value * 2 - 1);

export function sizeOfVarint(value: number): number {
  let rest = zigzag(value);
  let size = 1;
  for (; rest >= 128; rest = Math.floor(rest / 128)) size++;
  return size;
}

/** Writes `value` at `at` and returns the position behind it. */
export function writeVarint(buffer: Buffer, at: number, value: number): number {
  let rest = zigzag(value);
  let position = at;
  for (; rest >= 2 ** 31; rest = Math.floor(rest / 128)) buffer[position++] = (rest % 128) | 128;
  for (; rest >= 128; rest >>>= 7) buffer[position++] = (rest & 127) | 128;
  buffer[position++] = rest;
  return position;
}

/** Reads numbers one behind the other. */
export class VarintCursor {
  constructor(
    readonly buffer: Buffer,
    public position: number,
  ) {}

  /** @throws RangeError when the buffer ends first or the number is longer than ten bytes. */
  next(): number {
    const { buffer } = this;
    const first = this.byte();
    // One and two bytes are nearly all there is.
    if (first < 128) return (first >>> 1) ^ -(first & 1);
    const second = this.byte();
    if (second < 128) {
      const value = (first & 127) | (second << 7);
      return (value >>> 1) ^ -(value & 1);
    }
    let value = (first & 127) + (second & 127) * 128;
    let scale = 16_384;
    for (let size = 2; ; size++) {
      if (size === 10)
        throw new RangeError(`a number of more than ten bytes before ${this.position} of ${buffer.length}`);
      const byte = this.byte();
      value += (byte & 127) * scale;
      if (byte < 128) break;
      scale *= 128;
    }
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  /** Goes over bytes that belong to something that ends at `end`; returns where they begin. @throws RangeError beyond it. */
  skip(length: number, end: number): number {
    const start = this.position;
    if (start + length > end) throw new RangeError(`${length} bytes at ${start} end behind their record at ${end}`);
    this.position = start + length;
    return start;
  }

  private byte(): number {
    const byte = this.buffer[this.position++];
    if (byte === undefined) throw new RangeError(`the buffer of ${this.buffer.length} bytes ends inside a number`);
    return byte;
  }
}
