import { sameBytes } from '../hash/text-hash';

/** Names (none is empty) as bytes, each with its slot, found by the bytes of a key. */
export class FieldTable {
  private readonly lengths: Int32Array;
  private readonly starts: Int32Array;
  private readonly bytes: Uint8Array;
  private readonly mask: number;
  private readonly slots: Int16Array;
  /** Index of a name + 1 by hash, open addressing. */
  private readonly cells: Int16Array;

  constructor(names: readonly string[], slots: readonly number[]) {
    this.slots = Int16Array.from(slots);
    const encoded = names.map((name) => new TextEncoder().encode(name));
    this.lengths = Int32Array.from(encoded, (name) => name.length);
    this.starts = new Int32Array(names.length);
    this.bytes = new Uint8Array(encoded.reduce((sum, name) => sum + name.length, 0));
    let size = 16;
    while (size < 4 * names.length) size *= 2;
    this.mask = size - 1;
    this.cells = new Int16Array(size);
    let at = 0;
    encoded.forEach((name, i) => {
      this.starts[i] = at;
      this.bytes.set(name, at);
      at += name.length;
      let cell = this.hash(name, 0, name.length);
      while (this.cells[cell] !== 0) cell = (cell + 1) & this.mask;
      this.cells[cell] = i + 1;
    });
  }

  /** The slot of the name bytes[start, end), or -1. */
  find(bytes: Uint8Array, start: number, end: number): number {
    const length = end - start;
    if (length === 0) return -1;
    for (let cell = this.hash(bytes, start, end); ; cell = (cell + 1) & this.mask) {
      const i = (this.cells[cell] as number) - 1;
      if (i < 0) return -1;
      const known = this.starts[i] as number;
      if (this.lengths[i] === length && sameBytes(bytes, start, this.bytes, known, length)) {
        return this.slots[i] as number;
      }
    }
  }

  private hash(bytes: Uint8Array, start: number, end: number): number {
    const middle = bytes[start + ((end - start) >> 1)] as number;
    const mixed =
      Math.imul(bytes[start] as number, 31) ^
      Math.imul(bytes[end - 1] as number, 0x3d7) ^
      Math.imul(middle, 0x1f) ^
      Math.imul(end - start, 0x9e3779b1);
    return (mixed ^ (mixed >>> 7)) & this.mask;
  }
}
