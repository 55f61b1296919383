import type { EventBatch } from '@tillstream/core';

/** Calls with each row of a batch, the raw offset of its record, and its place there, in raw order. */
export function eachRow(batch: EventBatch, call: (row: number, offset: number, index: number) => void): void {
  const { records, rowIndexes } = batch;
  let row = 0;
  for (let record = 0; record < records.count; record++) {
    const offset = records.offsets[record] as number;
    for (const end = row + (records.rowCounts[record] as number); row < end; row++) {
      call(row, offset, rowIndexes[row] as number);
    }
  }
}

/** Finds the rows of a batch by their places in raw, which are asked for in raw order. */
export class RowPlaces {
  private readonly offsets: number[] = [];
  private readonly indexes: number[] = [];
  private at = 0;

  constructor(batch: EventBatch) {
    eachRow(batch, (_row, offset, index) => {
      this.offsets.push(offset);
      this.indexes.push(index);
    });
  }

  /** The row at a place; -1: there is none. */
  find(offset: number, index: number): number {
    while (this.isBefore(offset, index)) this.at += 1;
    return this.offsets[this.at] === offset && this.indexes[this.at] === index ? this.at : -1;
  }

  private isBefore(offset: number, index: number): boolean {
    const there = this.offsets[this.at];
    if (there === undefined) return false;
    return there < offset || (there === offset && (this.indexes[this.at] as number) < index);
  }
}
