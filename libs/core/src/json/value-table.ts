import { sameWords, textHash } from '../hash/text-hash';
import { WORD_SLACK } from '../hash/word-slack';
import type { Field } from '../stream/schema';

/** The text is none that the table knows. */
export const NOT_LISTED = -1;

/**
 * The accepted values of a field and the aliases for them, found by the bytes a producer wrote. An entry is a canonical
 * value; its text is `bytes[offsets[entry], offsets[entry + 1])`.
 */
export class ValueTable {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly offsets: Int32Array;
  /** Whether a text that is not listed is refused. */
  readonly closed: boolean;
  readonly entries: readonly string[];
  private readonly written: DataView;
  private readonly writtenOffsets: Int32Array;
  private readonly writtenEntries: Int32Array;
  private readonly mask: number;
  /** Index of a written text + 1 by hash, open addressing. */
  private readonly cells: Int32Array;

  constructor({ aliases, values }: Pick<Field, 'aliases' | 'values'>) {
    this.closed = values !== null;
    const accepted = (text: string) => values === null || values.has(text);
    this.entries = [...new Set([...(values ?? []), ...[...aliases.values()].filter(accepted)])];
    const canonical = layOut(this.entries);
    this.bytes = canonical.bytes;
    this.view = new DataView(this.bytes.buffer);
    this.offsets = canonical.offsets;

    // An alias wins over a value of the same text.
    const meanings = new Map(this.entries.map((text) => [text, text]));
    for (const [text, meaning] of aliases) {
      if (accepted(meaning)) meanings.set(text, meaning);
      else meanings.delete(text);
    }
    const written = layOut([...meanings.keys()]);
    this.written = new DataView(written.bytes.buffer);
    this.writtenOffsets = written.offsets;
    this.writtenEntries = Int32Array.from(meanings.values(), (meaning) => this.entries.indexOf(meaning));
    let size = 16;
    while (size < 4 * meanings.size) size *= 2;
    this.mask = size - 1;
    this.cells = new Int32Array(size);
    for (let i = 0; i < meanings.size; i++) {
      const start = written.offsets[i] as number;
      const end = written.offsets[i + 1] as number;
      let cell = textHash(written.bytes, this.written, start, end) & this.mask;
      while (this.cells[cell] !== 0) cell = (cell + 1) & this.mask;
      this.cells[cell] = i + 1;
    }
  }

  /** The entry that bytes[start, end) means, or NOT_LISTED. */
  find(bytes: Uint8Array, view: DataView, start: number, end: number): number {
    const length = end - start;
    for (let cell = textHash(bytes, view, start, end) & this.mask; ; cell = (cell + 1) & this.mask) {
      const i = (this.cells[cell] as number) - 1;
      if (i < 0) return NOT_LISTED;
      const known = this.writtenOffsets[i] as number;
      if (
        (this.writtenOffsets[i + 1] as number) - known === length &&
        sameWords(view, start, this.written, known, length)
      ) {
        return this.writtenEntries[i] as number;
      }
    }
  }

  /** The entry whose canonical text is `text`, or NOT_LISTED. */
  entryOf(text: string): number {
    return this.entries.indexOf(text);
  }
}

function layOut(texts: readonly string[]): { bytes: Uint8Array<ArrayBuffer>; offsets: Int32Array } {
  const encoded = texts.map((text) => new TextEncoder().encode(text));
  const offsets = new Int32Array(texts.length + 1);
  encoded.forEach((text, i) => (offsets[i + 1] = (offsets[i] as number) + text.length));
  const bytes = new Uint8Array((offsets[texts.length] as number) + WORD_SLACK);
  encoded.forEach((text, i) => bytes.set(text, offsets[i]));
  return { bytes, offsets };
}
