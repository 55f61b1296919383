import type { SeededRandom } from '@tillstream/shop-events';

import type { Dictionary } from './dictionary';

const MOST_STEPS = 6;
const MOST_INSERTED = 128;
const INTERESTING = [0, 1, 0x0a, 0x20, 0x22, 0x2c, 0x2d, 0x30, 0x5c, 0x7b, 0x7d, 0x7f, 0x80, 0xc2, 0xed, 0xfe, 0xff];
/** Lengths and offsets at the edges of their kinds. */
const EDGE_NUMBERS = [0, 1, -1, 127, 128, 255, 256, 32_767, 65_535, 65_536, 2 ** 31 - 1, -(2 ** 31), 2 ** 24, 1 << 20];
const DIGITS = /[0-9]+/g;

type Step = (bytes: Buffer, other: Uint8Array) => Buffer;

/** Makes inputs from inputs, by the usual steps of fuzzers: each small, several at a time. */
export class Mutator {
  private readonly steps: readonly Step[];

  constructor(
    private readonly random: SeededRandom,
    private readonly dictionary: Dictionary,
    private readonly maxBytes: number,
  ) {
    this.steps = [
      (bytes) => this.eraseRange(bytes),
      (bytes) => this.insertBytes(bytes),
      (bytes) => this.repeatRange(bytes),
      (bytes) => this.changeByte(bytes),
      (bytes) => this.changeByte(bytes),
      (bytes) => this.changeBit(bytes),
      (bytes) => this.moveRange(bytes),
      (bytes) => this.changeNumber(bytes),
      (bytes) => this.changeDigits(bytes),
      (bytes) => this.useWord(bytes),
      (bytes) => this.useWord(bytes),
      (bytes) => this.useWord(bytes),
      (bytes, other) => this.spliceIn(bytes, other),
      (bytes, other) => this.spliceIn(bytes, other),
      (bytes, other) => this.crossOver(bytes, other),
    ];
  }

  /** @param other an input whose parts may be borrowed */
  mutate(input: Uint8Array, other: Uint8Array): Uint8Array {
    let bytes = Buffer.from(input);
    for (let left = 1 + this.random.below(MOST_STEPS); left > 0; left--) {
      bytes = this.random.pick(this.steps)(bytes, other) as Buffer<ArrayBuffer>;
    }
    return bytes.length > this.maxBytes ? bytes.subarray(0, this.maxBytes) : bytes;
  }

  private eraseRange(bytes: Buffer): Buffer {
    const [from, to] = this.range(bytes.length);
    return Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]);
  }

  private insertBytes(bytes: Buffer): Buffer {
    const one = this.anyByte();
    const same = this.random.chance(0.5);
    const added = Buffer.from(
      Array.from({ length: this.shortLength(MOST_INSERTED) }, () => (same ? one : this.anyByte())),
    );
    return this.put(bytes, added);
  }

  private repeatRange(bytes: Buffer): Buffer {
    const [from, to] = this.range(bytes.length);
    const part = bytes.subarray(from, to);
    const times = 1 + this.shortLength(8);
    return Buffer.concat([bytes.subarray(0, to), ...Array.from({ length: times }, () => part), bytes.subarray(to)]);
  }

  private changeByte(bytes: Buffer): Buffer {
    if (bytes.length > 0) bytes[this.random.below(bytes.length)] = this.anyByte();
    return bytes;
  }

  private changeBit(bytes: Buffer): Buffer {
    if (bytes.length === 0) return bytes;
    const at = this.random.below(bytes.length);
    bytes[at] = (bytes[at] as number) ^ (1 << this.random.below(8));
    return bytes;
  }

  private moveRange(bytes: Buffer): Buffer {
    const [from, to] = this.range(bytes.length);
    const part = Buffer.from(bytes.subarray(from, to));
    return this.put(Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]), part);
  }

  /** A word of one to eight bytes, in either order: a little more or less, or at the edge of its kind. */
  private changeNumber(bytes: Buffer): Buffer {
    const width = this.random.pick([1, 2, 4, 8]);
    if (bytes.length < width) return bytes;
    const at = this.random.below(bytes.length - width + 1);
    const word = Buffer.from(bytes.subarray(at, at + width));
    const swapped = this.random.chance(0.5);
    if (swapped) word.reverse();
    const before = BigInt(`0x${word.toString('hex')}`);
    const after = this.random.chance(0.5)
      ? before + BigInt(this.random.below(33) - 16)
      : BigInt(this.random.pick(EDGE_NUMBERS));
    const hex = BigInt.asUintN(8 * width, after)
      .toString(16)
      .padStart(2 * width, '0');
    const written = Buffer.from(hex, 'hex');
    if (swapped) written.reverse();
    written.copy(bytes, at);
    return bytes;
  }

  /** A number in decimal text becomes another. */
  private changeDigits(bytes: Buffer): Buffer {
    const runs = [...bytes.toString('latin1').matchAll(DIGITS)];
    if (runs.length === 0) return bytes;
    const run = this.random.pick(runs);
    const value = Number(run[0]);
    const text = this.random.pick([
      String(value + this.random.below(9) - 4),
      String(value * 10),
      String(Math.floor(value / 10)),
      String(this.random.pick(EDGE_NUMBERS)),
      `${value}.${this.random.below(1_000)}`,
      `${value}e${this.random.below(40) - 20}`,
      '9007199254740993',
    ]);
    return Buffer.concat([bytes.subarray(0, run.index), Buffer.from(text), bytes.subarray(run.index + run[0].length)]);
  }

  private useWord(bytes: Buffer): Buffer {
    if (this.dictionary.words.length === 0) return this.changeByte(bytes);
    const word = this.random.pick(this.dictionary.words);
    return this.random.chance(0.5) ? this.put(bytes, word) : this.overwrite(bytes, word);
  }

  private spliceIn(bytes: Buffer, other: Uint8Array): Buffer {
    const [from, to] = this.range(other.length);
    const part = other.subarray(from, to);
    return this.random.chance(0.5) ? this.put(bytes, part) : this.overwrite(bytes, part);
  }

  private crossOver(bytes: Buffer, other: Uint8Array): Buffer {
    return Buffer.concat([
      bytes.subarray(0, this.random.below(bytes.length + 1)),
      other.subarray(this.random.below(other.length + 1)),
    ]);
  }

  private put(bytes: Buffer, part: Uint8Array): Buffer {
    const at = this.random.below(bytes.length + 1);
    return Buffer.concat([bytes.subarray(0, at), part, bytes.subarray(at)]);
  }

  private overwrite(bytes: Buffer, part: Uint8Array): Buffer {
    const at = this.random.below(bytes.length + 1);
    return Buffer.concat([bytes.subarray(0, at), part, bytes.subarray(Math.min(bytes.length, at + part.length))]);
  }

  private range(length: number): readonly [number, number] {
    const from = this.random.below(length + 1);
    return [from, Math.min(length, from + this.shortLength(length))];
  }

  /** Mostly short, now and then up to `most`. */
  private shortLength(most: number): number {
    return 1 + this.random.below(this.random.chance(0.8) ? Math.min(most, 8) : Math.max(1, most));
  }

  private anyByte(): number {
    return this.random.chance(0.5) ? this.random.pick(INTERESTING) : this.random.below(256);
  }
}
