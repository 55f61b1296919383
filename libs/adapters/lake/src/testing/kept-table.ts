import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SeededRandom } from '@tillstream/engine/testing';
import type { DuckDbSession } from '../duckdb/duckdb-session';
import { writeQuery } from '../sink/write-parquet';
import type { TypedColumn } from '../sql/column-type';
import { partitionPath } from '../sql/partition-path';
import { quoteText } from '../sql/quote';
import { readFiles } from '../sql/read-files';
import { DirectoryObjectStore } from '../store/directory-object-store';
import type { ObjectStore } from '../store/object-store';
import { LakeTable } from '../table/lake-table';
import type { DataFile, TableSnapshot } from '../table/table-snapshot';
import type { TableInCare } from '../tend/rewriting';

export interface KeptRow {
  readonly offset: number;
  readonly key: string;
  /** `2026-01-05` */
  readonly date: string;
}

export const KEPT_COLUMNS: readonly TypedColumn[] = [
  { name: '_offset', type: 'long' },
  { name: 'key', type: 'string' },
  { name: 'amount', type: { kind: 'decimal', precision: 18, scale: 2 } },
  { name: 'tags', type: { kind: 'array', element: 'string' } },
  { name: 'date', type: 'date' },
];

/** A table in a directory of its own, which tests write rows into, keep and read. */
export class KeptTable {
  nowMs = Date.UTC(2026, 0, 10);
  private readonly random = new SeededRandom(1);

  private constructor(
    readonly directory: string,
    readonly session: DuckDbSession,
  ) {}

  static async create(session: DuckDbSession): Promise<KeptTable> {
    return new KeptTable(await mkdtemp(join(tmpdir(), 'tillstream-kept-')), session);
  }

  /** The table as a process has it. @param around what its calls go through */
  care(around: (store: ObjectStore) => ObjectStore = (store) => store, signal?: AbortSignal): TableInCare {
    const store = around(new DirectoryObjectStore(this.directory));
    const nowMs = () => this.nowMs;
    return {
      ...{ store, session: this.session, random: this.random, nowMs, orderBy: ['_offset', 'not_there'] },
      table: new LakeTable(store, 'commerce/events', nowMs),
      inTurn: (work) => work(),
      signal: signal ?? new AbortController().signal,
    };
  }

  /** Writes rows in a file for each day, from where the table stands. */
  async write({ store, table }: TableInCare, from: number, rows: readonly KeptRow[]): Promise<void> {
    const add: DataFile[] = [];
    for (const [date, own] of Map.groupBy(rows, (row) => row.date)) add.push(await this.put(store, table, date, own));
    const position = { appId: 'events/0', from, next: from + rows.length };
    await table.commit(() => ({
      ...{ columns: KEPT_COLUMNS, partitionBy: ['date'], add, remove: [], position, dataChange: true },
    }));
  }

  /** What a snapshot holds, by offset. */
  async rows(snapshot: TableSnapshot | null): Promise<KeptRow[]> {
    if (snapshot === null) return [];
    const files = [...snapshot.files.values()].map(({ path, partition }) => {
      return { local: join(this.directory, 'commerce/events', path), partition };
    });
    const relation = readFiles(snapshot.columns, snapshot.partitionBy, files);
    const wrong = 'amount <> _offset / 4 OR len(tags) <> 2';
    const rows = await this.session.rows(
      `SELECT _offset, key, date::VARCHAR AS date, ${wrong} AS wrong FROM (${relation}) ORDER BY _offset`,
    );
    if (rows.some((row) => row['wrong'] === true)) throw new Error('rows have changed on their way');
    return rows.map(({ _offset, key, date }) => ({
      offset: Number(_offset),
      key: key as string,
      date: date as string,
    }));
  }

  async close(): Promise<void> {
    await rm(this.directory, { recursive: true, force: true });
  }

  private async put(store: ObjectStore, table: LakeTable, date: string, rows: readonly KeptRow[]): Promise<DataFile> {
    const scratch = await store.scratch();
    try {
      const file = join(scratch, 'rows.parquet');
      const values = rows.map(({ offset, key }) => `(${offset}, ${quoteText(key)})`).join(', ');
      const query = `SELECT o::BIGINT AS _offset, k AS key, (o / 4)::DECIMAL(18, 2) AS amount, ['a', 'b'] AS tags FROM (VALUES ${values}) rows(o, k)`;
      const columns = KEPT_COLUMNS.filter(({ name }) => name !== 'date');
      const written = await writeQuery(this.session, query, columns, file, {}, store.address);
      const path = `${partitionPath({ date })}/p0-${this.random.hex(8)}.parquet`;
      await store.putIfAbsent(table.storePath({ path }), { file });
      return { path, partition: { date }, addedMs: this.nowMs, ...written };
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  }
}
