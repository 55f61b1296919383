import type { TextBytes } from '@tillstream/contracts';

const FIRST_BYTES = 1024;

/** Texts as UTF-8, one behind the other. */
export class TextArena {
  private bytes: Buffer;
  private end = 0;

  constructor(capacity = 0) {
    this.bytes = Buffer.allocUnsafeSlow(capacity);
  }

  /** Where the next text will begin. */
  get length(): number {
    return this.end;
  }

  add({ bytes, from, to }: TextBytes): void {
    const count = to - from;
    this.reserve(count);
    const { end, bytes: target } = this;
    for (let i = 0; i < count; i++) target[end + i] = bytes[from + i] as number;
    this.end = end + count;
  }

  text(from: number, to: number): string {
    return this.bytes.toString('utf8', from, to);
  }

  holds(at: number, { bytes, from, to }: TextBytes): boolean {
    const { bytes: held } = this;
    for (let i = from, j = at; i < to; i++, j++) if (held[j] !== bytes[i]) return false;
    return true;
  }

  /** Another arena's bytes [from, to). */
  copy(other: TextArena, from: number, to: number): void {
    this.reserve(to - from);
    this.end += other.bytes.copy(this.bytes, this.end, from, to);
  }

  /** How many more bytes fit without a larger buffer. */
  get room(): number {
    return this.bytes.length - this.end;
  }

  private reserve(count: number): void {
    if (count <= this.room) return;
    const size = Math.max(FIRST_BYTES, this.end + count, Math.ceil(this.bytes.length * 1.5));
    const larger = Buffer.allocUnsafeSlow(size);
    this.bytes.copy(larger, 0, 0, this.end);
    this.bytes = larger;
  }
}

/** Text as its bytes. */
export function bytesOf(text: string): TextBytes {
  const bytes = Buffer.from(text);
  return { bytes, from: 0, to: bytes.length };
}
