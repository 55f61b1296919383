import { MAX_RECORD_BYTES } from '../json/limits';
import { RecordReader } from '../json/record-reader';
import { RowReader } from '../json/row-reader';
import type { StreamSchema } from '../stream/schema';

import type { RawRecord } from './types';

const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const COMMA = 0x2c;

/** What of a raw record belongs to one partition of a larger number. */
export interface RecordShare {
  readonly partition: number;
  /** Unchanged where all of the record goes there, else a JSON array of the rows' original bytes. */
  readonly value: Uint8Array | null;
  /** Time of its oldest row; Infinity where none is valid. */
  readonly oldestMs: number;
}

interface Gathered {
  readonly partition: number;
  /** Range of each row in the record, begin and end by turns. */
  readonly ranges: number[];
  bytes: number;
  oldestMs: number;
}

/**
 * Splits the records of one raw partition among the partitions of a larger number, a multiple of the one there was: all rows of
 * one of them come from this partition, in their order.
 *
 * By the rules of the enricher, what it leaves out is left out here, and what it keeps as a dead letter goes where it will keep it
 * once more: into the partition of the same number. Rows that stand in the wrong partition are not taken from here, but from the
 * record that brought them to the right one; those of such a record that were there before are dropped.
 */
export class RecordSplitter {
  private readonly rows: RowReader;
  private readonly reader: RecordReader;
  /** By source of misplaced rows: first offset of it whose rows have not come here yet. */
  private readonly reroutedThrough = new Map<number, number>();

  /**
   * @param schema of the stream as it is
   * @param home the partition whose records are split
   * @param partitions how many there will be
   * @throws RangeError unless that is a multiple of what there is
   */
  constructor(
    private readonly schema: StreamSchema,
    private readonly home: number,
    private readonly partitions: number,
  ) {
    if (partitions % schema.partitions !== 0) {
      throw new RangeError(
        `${partitions} is no multiple of ${schema.partitions}: rows of several partitions would meet`,
      );
    }
    this.rows = new RowReader(schema);
    this.reader = new RecordReader(this.rows);
  }

  /** The partitions that the rows of this one go to. */
  get targets(): readonly number[] {
    const { home, partitions, schema } = this;
    return Array.from({ length: partitions / schema.partitions }, (_, i) => home + i * schema.partitions);
  }

  /**
   * @param record with rows, in the order of the log
   * @param appendMs newest append time up to it
   * @returns ascending by partition; of one partition several where one would be too long
   */
  split(record: RawRecord, appendMs: number): readonly RecordShare[] {
    const { value, rerouted } = record;
    const whole = { partition: this.home, value, oldestMs: Infinity };
    if (value === null || value.length === 0) return [whole];
    const { gathered, dropped } = this.gather(record, value, appendMs);
    const { reader, rows } = this;
    const bytes = rows.cursor.bytes;
    if (reader.code !== null) {
      rows.cursor.close();
      return [whole];
    }
    if (rerouted !== null) {
      const { sourcePartition, sourceNext } = rerouted;
      this.reroutedThrough.set(sourcePartition, Math.max(this.reroutedBelow(sourcePartition), sourceNext));
    }
    const [only] = gathered;
    const fits = value.length <= MAX_RECORD_BYTES || rerouted === null;
    const shares =
      gathered.length === 1 && only && !dropped && fits
        ? [{ partition: only.partition, value, oldestMs: only.oldestMs }]
        : gathered.flatMap((part) => sharesOf(part, bytes));
    rows.cursor.close();
    return shares;
  }

  private gather(
    { rerouted }: RawRecord,
    value: Uint8Array,
    appendMs: number,
  ): { readonly gathered: readonly Gathered[]; readonly dropped: boolean } {
    const { rows, reader, schema, home, partitions } = this;
    const { registers } = rows;
    const latestMs = appendMs + schema.eventTime.futureToleranceMs;
    const takenBelow = rerouted === null ? 0 : this.reroutedBelow(rerouted.sourcePartition);
    const gathered = new Map<number, Gathered>();
    let dropped = false;
    reader.open(value, 'raw');
    while (reader.next()) {
      let target = home;
      let eventMs = Infinity;
      if (rerouted !== null && (rerouted.rowOffsets[reader.index] ?? Infinity) < takenBelow) {
        dropped = true;
        continue;
      }
      if (rows.code === null) {
        eventMs = registers.number[registers.base + rows.eventTimeSlot] as number;
        target = rows.keyPartition(partitions);
        if (target % schema.partitions !== home) {
          if (rerouted === null && eventMs <= latestMs) {
            dropped = true;
            continue;
          }
          target = home;
        }
      }
      const part = gathered.get(target) ?? { partition: target, ranges: [], bytes: 1, oldestMs: Infinity };
      gathered.set(target, part);
      part.ranges.push(reader.rowStart, reader.rowEnd);
      part.bytes += reader.rowEnd - reader.rowStart + 1;
      part.oldestMs = Math.min(part.oldestMs, eventMs);
    }
    return { gathered: [...gathered.values()].sort((a, b) => a.partition - b.partition), dropped };
  }

  private reroutedBelow(sourcePartition: number): number {
    return this.reroutedThrough.get(sourcePartition) ?? 0;
  }
}

/** Rows that another partition's enricher brought may have two bytes more than a record that stands for itself. */
function sharesOf(part: Gathered, bytes: Uint8Array): RecordShare[] {
  const { partition, ranges, oldestMs } = part;
  if (part.bytes <= MAX_RECORD_BYTES) return [{ partition, value: arrayOf(ranges, part.bytes, bytes), oldestMs }];
  const last = ranges.slice(-2);
  const lastBytes = (last[1] as number) - (last[0] as number) + 1;
  return [
    { partition, value: arrayOf(ranges.slice(0, -2), part.bytes - lastBytes, bytes), oldestMs },
    { partition, value: arrayOf(last, lastBytes + 1, bytes), oldestMs },
  ];
}

function arrayOf(ranges: readonly number[], length: number, bytes: Uint8Array): Uint8Array {
  const array = new Uint8Array(length);
  let at = 0;
  for (let i = 0; i < ranges.length; i += 2) {
    array[at++] = i === 0 ? OPEN_BRACKET : COMMA;
    array.set(bytes.subarray(ranges[i], ranges[i + 1]), at);
    at += (ranges[i + 1] as number) - (ranges[i] as number);
  }
  array[at] = CLOSE_BRACKET;
  return array;
}
