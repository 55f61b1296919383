import { decodeText } from '../batch/column-access';
import type { ByteWriter } from '../metrics/checkpoint/byte-writer';
import { KeyInterner } from '../metrics/groups/key-interner';

/** Stands for no text. */
export const NO_TEXT = 0;

/** Texts by dense ids, so that whoever handles sessions compares numbers and makes strings of those alone that are told. */
export class TextTable {
  private interner = new KeyInterner();
  private strings: (string | undefined)[] = [];

  /** Ids are below this. */
  get limit(): number {
    return this.interner.limit;
  }

  /** Id of the text view[start, end); NO_TEXT for an empty one. */
  add(view: DataView, start: number, end: number): number {
    return start === end ? NO_TEXT : this.interner.internAt(view, start, end);
  }

  textOf(id: number): string | null {
    if (id === NO_TEXT) return null;
    return (this.strings[id] ??= decodeText(this.interner.bytesOf(id), 0, this.interner.length(id)));
  }

  /** Length of a text in bytes. */
  length(id: number): number {
    return this.interner.length(id);
  }

  /** Appends a text behind its length. */
  write(id: number, writer: ByteWriter): void {
    writer.count(this.interner.length(id));
    this.interner.write(id, writer);
  }

  /** As `Array.sort` wants it; no text comes first. */
  compare(a: number, b: number): number {
    if (a === NO_TEXT || b === NO_TEXT) return a === b ? 0 : a === NO_TEXT ? -1 : 1;
    return this.interner.compare(a, b);
  }

  /** Forgets everything: ids begin anew. */
  clear(): void {
    this.interner = new KeyInterner();
    this.strings = [];
  }
}
