import type { FeedRow } from '@tillstream/contracts';

/** Gives the row again that a document was made of. */
export type RowOf = (row: number) => FeedRow;

/** Documents that wait to be stored, in parallel arrays: none is an object of its own. */
export class PendingDocuments {
  private lines: string[] = [];
  private indexes: string[] = [];
  private origins: RowOf[] = [];
  private rows: number[] = [];
  private characters = 0;

  get count(): number {
    return this.lines.length;
  }

  /** As good as exactly: texts are mostly ASCII. */
  get bytes(): number {
    return this.characters;
  }

  add(lines: string, index: string, origin: RowOf, row: number): void {
    this.lines.push(lines);
    this.indexes.push(index);
    this.origins.push(origin);
    this.rows.push(row);
    this.characters += lines.length;
  }

  /** The first place behind a request that begins at `from` and has at most so many bytes and rows, but at least one. */
  endOfRequest(from: number, maxBytes: number, maxRows: number): number {
    let end = from;
    let size = 0;
    while (end < this.count && end - from < maxRows) {
      size += (this.lines[end] as string).length;
      if (size > maxBytes && end > from) break;
      end++;
    }
    return end;
  }

  linesOf(from: number, end: number): string {
    return this.lines.slice(from, end).join('');
  }

  indexOf(at: number): string {
    return this.indexes[at] as string;
  }

  rowOf(at: number): FeedRow {
    return (this.origins[at] as RowOf)(this.rows[at] as number);
  }

  /** Forgets all but those that still wait. */
  keepOnly(waits: Uint8Array): void {
    const isKept = (_: unknown, at: number): boolean => waits[at] === 1;
    this.lines = this.lines.filter(isKept);
    this.indexes = this.indexes.filter(isKept);
    this.origins = this.origins.filter(isKept);
    this.rows = this.rows.filter(isKept);
    this.characters = this.lines.reduce((sum, lines) => sum + lines.length, 0);
  }

  clear(): void {
    this.keepOnly(new Uint8Array(this.count));
  }
}
