import { MAX_RECORD_BYTES, MAX_RECORD_ROWS } from '../json/limits';

import type { Reroute } from './types';

const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const COMMA = 0x2c;

/** No row is shorter than this: it bounds how many a record can hold. */
const SHORTEST_ROW = 8;

/** Rows for one target out of a stretch of source records. */
class Chunk {
  readonly rowOffsets: number[] = [];
  bytes = new Uint8Array(4096);
  length = 0;
  /** How much of it came before the current record. */
  private recordRows = 0;
  private recordLength = 0;

  constructor(readonly sourceFrom: number) {}

  beginRecord(): void {
    this.recordRows = this.rowOffsets.length;
    this.recordLength = this.length;
  }

  add(source: Uint8Array, start: number, end: number, offset: number): void {
    const needed = this.length + end - start + 2;
    if (needed > this.bytes.length) {
      const larger = new Uint8Array(2 * needed);
      larger.set(this.bytes.subarray(0, this.length));
      this.bytes = larger;
    }
    this.bytes[this.length++] = this.rowOffsets.length === 0 ? OPEN_BRACKET : COMMA;
    this.bytes.set(source.subarray(start, end), this.length);
    this.length += end - start;
    this.rowOffsets.push(offset);
  }

  rollback(): void {
    this.rowOffsets.length = this.recordRows;
    this.length = this.recordLength;
  }
}

/**
 * Gathers rows that belong to other partitions, by target, as JSON arrays of their original bytes. A target that gets
 * more than one record may hold is given several, whose source ranges follow each other: it drops what lies below the
 * range it took last.
 */
export class RowRerouter {
  private readonly chunks = new Map<number, Chunk[]>();
  private recordOffset = 0;
  private recordBytes = 0;

  /** Begins the source record at `offset`, of which no more than `bytes` can go to one target. */
  beginRecord(offset: number, bytes: number): void {
    this.recordOffset = offset;
    this.recordBytes = bytes;
    if (this.chunks.size > 0) for (const list of this.chunks.values()) list.at(-1)?.beginRecord();
  }

  add(target: number, source: Uint8Array, start: number, end: number): void {
    this.chunkFor(target).add(source, start, end, this.recordOffset);
  }

  /** Takes back the rows of the current record. */
  rollback(): void {
    for (const list of this.chunks.values()) list.at(-1)?.rollback();
  }

  /** What is to be appended for the source range [from, next), by target; empty afterwards. */
  finish(from: number, next: number): Reroute[] {
    const reroutes: Reroute[] = [];
    for (const [targetPartition, list] of [...this.chunks].sort(([a], [b]) => a - b)) {
      const filled = list.filter(({ rowOffsets }) => rowOffsets.length > 0);
      filled.forEach((chunk, i) => {
        chunk.bytes[chunk.length] = CLOSE_BRACKET;
        reroutes.push({
          targetPartition,
          sourceFrom: i === 0 ? from : chunk.sourceFrom,
          sourceNext: filled[i + 1]?.sourceFrom ?? next,
          rowOffsets: chunk.rowOffsets,
          value: chunk.bytes.slice(0, chunk.length + 1),
        });
      });
    }
    this.chunks.clear();
    return reroutes;
  }

  private chunkFor(target: number): Chunk {
    let list = this.chunks.get(target);
    if (list === undefined) {
      list = [];
      this.chunks.set(target, list);
    }
    const last = list.at(-1);
    // Only the first row of a record opens a chunk: a range ends between records.
    if (last !== undefined && (last.rowOffsets.at(-1) === this.recordOffset || this.fits(last))) return last;
    const chunk = new Chunk(this.recordOffset);
    list.push(chunk);
    return chunk;
  }

  private fits({ length, rowOffsets }: Chunk): boolean {
    const rows = Math.min(MAX_RECORD_ROWS, Math.floor(this.recordBytes / SHORTEST_ROW));
    return length + this.recordBytes <= MAX_RECORD_BYTES && rowOffsets.length + rows <= MAX_RECORD_ROWS;
  }
}
