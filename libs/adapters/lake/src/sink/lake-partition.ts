import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { FeedPortion, FlushBounds, PendingRows, Random, SinkPartition } from '@tillstream/engine';
import { SinkOvertakenError } from '@tillstream/engine';

import type { DuckDbSession } from '../duckdb/duckdb-session';
import type { TypedColumn } from '../sql/column-type';
import type { ObjectStore } from '../store/object-store';
import type { LakeTable } from '../table/lake-table';
import { putDataFile } from '../table/put-data-file';
import type { DataFile, TableSnapshot } from '../table/table-snapshot';
import type { FeedBuffer, FileRows } from './feed-buffer';
import { writeParquet } from './write-parquet';

/** What partitions of a feed have in common. */
export interface FeedTableWriter {
  readonly store: ObjectStore;
  readonly session: DuckDbSession;
  readonly table: LakeTable;
  /** All columns of the table, those that keep files apart among them. */
  readonly columns: readonly TypedColumn[];
  /** Of a table that is not there yet. */
  readonly partitionBy: readonly string[];
  /** For the footers of files. */
  readonly notes: Readonly<Record<string, string>>;
  readonly random: Random;
  readonly nowMs: () => number;
  newBuffer(): FeedBuffer;
  /** Leaves out rows that the table has already. */
  dropKnown(rows: FeedBuffer, snapshot: TableSnapshot): Promise<void>;
  bounds(): FlushBounds;
  /** Runs so many at a time as there is memory for. */
  inTurn<T>(work: () => Promise<T>): Promise<T>;
  closed(partition: LakePartition): void;
}

interface Range {
  readonly from: number;
  readonly next: number;
}

/** Files that have been put, and that the table does not name yet, or of which it is not known whether it does. */
interface Prepared extends Range {
  readonly files: readonly DataFile[];
}

/**
 * A feed's partition on its way into a table of the lake. A flush writes files of everything that was added, puts them, and has the
 * table name them and go on to where they end, in one commit: rows and position appear together or not at all. Who comes from another
 * position than the table's has been overtaken, and its files are never named.
 */
export class LakePartition implements SinkPartition {
  private buffer: FeedBuffer;
  /** Range of what was added and is in no file yet. */
  private range: Range | null = null;
  private prepared: Prepared | null = null;
  private flushing: Promise<void> = Promise.resolve();
  private overtaken: SinkOvertakenError | null = null;
  private isClosed = false;

  constructor(
    private readonly feed: FeedTableWriter,
    private readonly appId: string,
    private readonly partition: number,
    private stands: number | null,
  ) {
    this.buffer = feed.newBuffer();
  }

  get next(): number | null {
    return this.stands;
  }

  get bounds(): FlushBounds {
    return this.feed.bounds();
  }

  get pending(): PendingRows {
    return { rows: this.buffer.rows, bytes: this.buffer.bytes };
  }

  async add(portion: FeedPortion): Promise<void> {
    this.verifyOwner();
    const expected = this.range?.next ?? this.prepared?.next ?? this.stands;
    if (expected !== null && portion.from !== expected) {
      throw new Error(`${this.appId}: rows from ${portion.from} on were added where ${expected} comes next`);
    }
    this.buffer.add(portion);
    this.range = { from: this.range?.from ?? portion.from, next: portion.next };
  }

  flush(): Promise<void> {
    this.flushing = this.flushing.catch(() => undefined).then(() => this.store());
    return this.flushing;
  }

  async close(): Promise<void> {
    if (this.isClosed) return;
    this.isClosed = true;
    await this.flushing.catch(() => undefined);
    this.buffer = this.feed.newBuffer();
    this.range = null;
    this.feed.closed(this);
  }

  private async store(): Promise<void> {
    this.verifyOwner();
    if (this.prepared !== null) await this.commit(this.prepared);
    if (this.range === null) return;
    const { range, buffer } = this;
    this.range = null;
    this.buffer = this.feed.newBuffer();
    try {
      this.prepared = { ...range, files: await this.feed.inTurn(() => this.writeFiles(buffer, range)) };
    } catch (cause) {
      this.restore(buffer, range);
      throw cause;
    }
    await this.commit(this.prepared);
  }

  /** What has been added meanwhile stands behind it. */
  private restore(earlier: FeedBuffer, { from, next }: Range): void {
    const later = this.range;
    this.buffer.unshift(earlier);
    this.range = { from, next: later?.next ?? next };
  }

  private async writeFiles(buffer: FeedBuffer, range: Range): Promise<DataFile[]> {
    const snapshot = await this.feed.table.snapshot();
    this.verify(snapshot, range.from);
    if (snapshot !== null) await this.feed.dropKnown(buffer, snapshot);
    if (buffer.rows === 0) return [];
    const scratch = await this.feed.store.scratch();
    const files: DataFile[] = [];
    try {
      for (const rows of buffer.files(snapshot?.partitionBy ?? this.feed.partitionBy)) {
        files.push(await this.putFile(rows, range, join(scratch, `${files.length}.parquet`)));
      }
      return files;
    } catch (cause) {
      await this.forget(files);
      throw cause;
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  }

  private async putFile({ partition, source }: FileRows, { from, next }: Range, local: string): Promise<DataFile> {
    const { session, store, table, notes, random, nowMs } = this.feed;
    const range = {
      'tillstream.partition': String(this.partition),
      'tillstream.from': String(from),
      'tillstream.next': String(next),
    };
    const written = await writeParquet(session, source, local, { ...notes, ...range }, store.address);
    const name = `p${this.partition}-${from}-${next}-${random.hex(4)}.parquet`;
    return putDataFile(store, table, { name, local, partition, written }, nowMs());
  }

  /** The table names the files, or has named them already when the answer of an earlier attempt was lost. */
  private async commit(prepared: Prepared): Promise<void> {
    const { table, columns, partitionBy } = this.feed;
    const { from, next, files } = prepared;
    try {
      await table.commit((now) => {
        if (now?.positions.get(this.appId) === next && isNamed(now, files)) return null;
        this.verify(now, from);
        const position = { appId: this.appId, from, next };
        return { columns, partitionBy, add: files, remove: [], position, dataChange: true };
      });
    } catch (cause) {
      // Of anything else it may have been made: tried again, it is seen.
      if (cause instanceof SinkOvertakenError) {
        this.overtaken = cause;
        this.prepared = null;
        await this.forget(await this.unnamed(files));
      }
      throw cause;
    }
    this.prepared = null;
    this.stands = next;
  }

  private verifyOwner(): void {
    if (this.overtaken !== null) throw this.overtaken;
  }

  private verify(snapshot: TableSnapshot | null, from: number): void {
    const stands = snapshot?.positions.get(this.appId) ?? from;
    if (stands === from) return;
    throw new SinkOvertakenError(
      `${this.feed.table.path}: rows from ${from} on of ${this.appId} cannot follow, since the table stands at ${stands}`,
    );
  }

  /** An earlier attempt may have been made without an answer, and others may have gone on behind it. */
  private async unnamed(files: readonly DataFile[]): Promise<readonly DataFile[]> {
    const now = await this.feed.table.snapshot().catch(() => null);
    return now === null ? [] : files.filter((file) => !isNamed(now, [file]));
  }

  /** Files that no table names. Where this fails they are found a day later. */
  private async forget(files: readonly DataFile[]): Promise<void> {
    const { store, table } = this.feed;
    await store.remove(files.map((file) => table.storePath(file))).catch(() => undefined);
  }
}

/** Files go when they are made into larger ones. A range without rows has none. */
function isNamed({ files, removed }: TableSnapshot, own: readonly DataFile[]): boolean {
  return own.every(({ path }) => files.has(path) || removed.has(path));
}
