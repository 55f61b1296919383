import { MAX_RECORD_BYTES, MAX_RECORD_ROWS } from '../json/limits';
import { RecordReader } from '../json/record-reader';
import { RowReader } from '../json/row-reader';
import type { StreamSchema } from '../stream/schema';

import { RejectMessages, brokenAt } from './reject-message';
import type { RejectCode } from './types';

const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const COMMA = 0x2c;

/** Rejections that are told in detail; of those beyond only index and count by code are kept. */
export const MAX_REJECTION_DETAILS = 10_000;

const INITIAL_ROWS = 1024;

/** How a body holds its events: one object or array, or one object a line. */
export type BodyForm = 'json' | 'ndjson';

/** An event that is returned to its sender. */
export interface RejectedEvent {
  /** Position in the body, from 0; -1: the body as a whole. */
  readonly index: number;
  readonly code: RejectCode;
  /** Field the problem is about (`$` for the event itself). */
  readonly path: string;
  readonly message: string;
}

/** Good events of one partition, ready to be appended: a JSON array of their original bytes. */
export interface SplitRecord {
  readonly partition: number;
  readonly value: Uint8Array;
  readonly rows: number;
}

export interface SplitBody {
  readonly accepted: number;
  /** Details of the first MAX_REJECTION_DETAILS rejections, in order. */
  readonly rejected: readonly RejectedEvent[];
  /** Every rejected event of the body, in order: whoever is not in it was accepted. */
  readonly rejectedIndexes: Uint32Array;
  readonly rejectedCounts: Readonly<Partial<Record<RejectCode, number>>>;
  /** By partition in order of first appearance; the order of events with the same key is kept. */
  readonly records: readonly SplitRecord[];
}

/** What is being put together for one partition; `bytes` with its closing bracket. */
interface Draft {
  readonly partition: number;
  bytes: number;
  rows: number;
}

/**
 * Splits the events of a body by partition, in one pass, by the same rules as the enricher's: everything that a row alone
 * decides. One splitter serves one body at a time and keeps nothing of it.
 */
export class BodySplitter {
  private readonly rows: RowReader;
  private readonly reader: RecordReader;
  private readonly messages: RejectMessages;
  private readonly partitions: number;
  /** Ranges of the good events, and the draft each goes to. */
  private starts = new Int32Array(INITIAL_ROWS);
  private ends = new Int32Array(INITIAL_ROWS);
  private draftOf = new Int32Array(INITIAL_ROWS);
  private rejectedIndexes = new Uint32Array(INITIAL_ROWS);

  constructor(schema: StreamSchema) {
    this.rows = new RowReader(schema);
    this.reader = new RecordReader(this.rows, Infinity);
    this.messages = new RejectMessages(schema);
    this.partitions = schema.partitions;
  }

  /**
   * @param room asked once for the memory that the values of all records share, when there are any
   */
  split(
    body: Uint8Array,
    form: BodyForm,
    room: (bytes: number) => Uint8Array = (bytes) => new Uint8Array(bytes),
  ): SplitBody {
    const { reader, rows } = this;
    const drafts: Draft[] = [];
    const draftOfPartition = new Int32Array(this.partitions).fill(-1);
    const rejected: RejectedEvent[] = [];
    const rejectedCounts: Partial<Record<RejectCode, number>> = {};
    let accepted = 0;
    let rejections = 0;
    reader.open(body, form);
    while (reader.next()) {
      if (rows.code !== null) {
        rejectedCounts[rows.code] = (rejectedCounts[rows.code] ?? 0) + 1;
        this.noteRejected(rejections++);
        if (rejections <= MAX_REJECTION_DETAILS) rejected.push(this.describe(rows.code));
        continue;
      }
      const partition = rows.keyPartition(this.partitions);
      const size = reader.rowEnd - reader.rowStart + 1;
      let draft = draftOfPartition[partition] as number;
      if (draft < 0 || isFull(drafts[draft] as Draft, size)) {
        draft = drafts.push({ partition, bytes: 1, rows: 0 }) - 1;
        draftOfPartition[partition] = draft;
      }
      const target = drafts[draft] as Draft;
      target.bytes += size;
      target.rows++;
      this.noteAccepted(accepted++, draft);
    }
    const result =
      reader.code === null
        ? {
            accepted,
            rejected,
            rejectedIndexes: this.rejectedIndexes.slice(0, rejections),
            rejectedCounts,
            records: this.assemble(drafts, accepted, room),
          }
        : this.refuse(reader.code);
    rows.cursor.close();
    return result;
  }

  private noteAccepted(row: number, draft: number): void {
    if (row === this.starts.length) {
      this.starts = doubled(this.starts, new Int32Array(2 * row));
      this.ends = doubled(this.ends, new Int32Array(2 * row));
      this.draftOf = doubled(this.draftOf, new Int32Array(2 * row));
    }
    this.starts[row] = this.reader.rowStart;
    this.ends[row] = this.reader.rowEnd;
    this.draftOf[row] = draft;
  }

  private noteRejected(at: number): void {
    if (at === this.rejectedIndexes.length) {
      this.rejectedIndexes = doubled(this.rejectedIndexes, new Uint32Array(2 * at));
    }
    this.rejectedIndexes[at] = this.reader.index;
  }

  private describe(code: RejectCode): RejectedEvent {
    const { reader, messages, rows } = this;
    const message =
      code === 'malformed-json' ? brokenAt(reader.failedAt, messages) : messages.message(code, rows.problemSlot);
    return { index: reader.index, code, path: messages.path(rows.problemSlot), message };
  }

  /** The body as a whole. */
  private refuse(code: RejectCode): SplitBody {
    const message = brokenAt(this.reader.failedAt, this.messages);
    return {
      accepted: 0,
      rejected: [{ index: -1, code, path: '$', message }],
      rejectedIndexes: new Uint32Array(0),
      rejectedCounts: { [code]: 1 },
      records: [],
    };
  }

  private assemble(
    drafts: readonly Draft[],
    accepted: number,
    room: (bytes: number) => Uint8Array,
  ): readonly SplitRecord[] {
    if (drafts.length === 0) return [];
    const { bytes } = this.rows.cursor;
    const { starts, ends, draftOf } = this;
    const target = room(drafts.reduce((sum, draft) => sum + draft.bytes, 0));
    const filled = new Int32Array(drafts.length);
    let offset = 0;
    const records = drafts.map(({ partition, rows, bytes: size }, draft) => {
      filled[draft] = offset;
      target[offset] = OPEN_BRACKET;
      const value = target.subarray(offset, offset + size);
      offset += size;
      return { partition, value, rows };
    });
    // Each row with a byte behind it, which is made the comma or bracket that follows.
    for (let row = 0; row < accepted; row++) {
      const draft = draftOf[row] as number;
      const start = starts[row] as number;
      const end = ends[row] as number;
      const at = (filled[draft] as number) + 1;
      target.set(bytes.subarray(start, end), at);
      filled[draft] = at + end - start;
      target[at + end - start] = COMMA;
    }
    for (const end of filled) target[end] = CLOSE_BRACKET;
    return records;
  }
}

/** Whether an event of `size` bytes, its separator included, has no place in the record any more. */
function isFull({ bytes, rows }: Draft, size: number): boolean {
  return rows === MAX_RECORD_ROWS || bytes + size > MAX_RECORD_BYTES;
}

function doubled<A extends { set(values: A): void }>(values: A, larger: A): A {
  larger.set(values);
  return larger;
}
