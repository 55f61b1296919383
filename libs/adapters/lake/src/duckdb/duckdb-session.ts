import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DuckDBConnection, DuckDBDataChunk, Json } from '@duckdb/node-api';
import { BIGINT, DuckDBInstance, DuckDBTableFunction } from '@duckdb/node-api';
import { data_chunk_get_vector } from '@duckdb/node-bindings';

import { duckdbType } from './duckdb-type';
import type { RowSource } from './row-source';
import { CHUNK_ROWS, VectorWriter } from './vector-writer';

export interface SessionBounds {
  /** What DuckDB may hold in memory; beyond it goes to files in `temporary`. */
  readonly memoryBytes: number;
  readonly threads: number;
  /** Null: a directory of its own below that of the system. */
  readonly temporary: string | null;
}

const FUNCTION = 'rows_of_this_process';

/** A DuckDB inside this process, with no data of its own, that can read rows of this process. */
export class DuckDbSession {
  private readonly sources = new Map<number, RowSource>();
  private readonly writer = new VectorWriter();
  private last = 0;
  private readonly idle: DuckDBConnection[] = [];

  private constructor(
    private readonly instance: DuckDBInstance,
    private readonly temporary: string,
  ) {}

  static async open({ memoryBytes, threads, temporary }: SessionBounds): Promise<DuckDbSession> {
    const directory = await mkdtemp(join(temporary ?? tmpdir(), 'tillstream-duckdb-'));
    const instance = await DuckDBInstance.create(':memory:', {
      memory_limit: `${Math.max(1, Math.floor(memoryBytes / 1024 ** 2))}MiB`,
      threads: String(threads),
      temp_directory: directory,
      // Nothing is fetched from anywhere.
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
    });
    const session = new DuckDbSession(instance, directory);
    await session.use(async (connection) => {
      connection.registerTableFunction(session.rowsFunction());
      await connection.run("SET GLOBAL TimeZone = 'UTC'");
    });
    return session;
  }

  /** Runs statements on a connection of their own. */
  async use<T>(work: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
    const connection = this.idle.pop() ?? (await this.instance.connect());
    try {
      return await work(connection);
    } finally {
      this.idle.push(connection);
    }
  }

  /** The rows that a statement gives, as JSON. */
  rows(sql: string): Promise<Record<string, Json>[]> {
    return this.use(async (connection) => (await connection.runAndReadAll(sql)).getRowObjectsJson());
  }

  /** Lets statements read `source`, in the order of its rows: `work` is given what to write behind FROM. */
  async withRows<T>(source: RowSource, work: (from: string) => Promise<T>): Promise<T> {
    const id = ++this.last;
    this.sources.set(id, source);
    try {
      return await work(`${FUNCTION}(${id})`);
    } finally {
      this.sources.delete(id);
    }
  }

  /** No statement may be running any more. */
  async close(): Promise<void> {
    for (const connection of this.idle) connection.closeSync();
    this.instance.closeSync();
    await rm(this.temporary, { recursive: true, force: true });
  }

  private rowsFunction(): DuckDBTableFunction {
    return DuckDBTableFunction.create({
      name: FUNCTION,
      parameterTypes: [BIGINT],
      bindFunction: (info) => {
        const id = Number(info.getParameter(0));
        const source = this.sourceOf(id);
        for (const { name, type } of source.columns) info.addResultColumn(name, duckdbType(type));
        info.setCardinality(source.rows, true);
        info.setBindData({ id } satisfies Bound);
      },
      // One thread after the other asks for rows, so they stay in order.
      initFunction: (info) => {
        info.setMaxThreads(1);
        info.setInitData({ at: 0 } satisfies Scan);
      },
      mainFunction: (info, chunk) => {
        const source = this.sourceOf((info.getBindData() as Bound).id);
        const scan = info.getInitData() as Scan;
        scan.at += this.fill(source, chunk, scan.at);
      },
    });
  }

  private fill(source: RowSource, chunk: DuckDBDataChunk, from: number): number {
    const count = Math.min(CHUNK_ROWS, source.rows - from);
    chunk.rowCount = count;
    if (count === 0) return 0;
    for (let column = 0; column < source.columns.length; column++) {
      source.write(column, data_chunk_get_vector(chunk.chunk, column), this.writer, from, count);
    }
    return count;
  }

  private sourceOf(id: number): RowSource {
    const source = this.sources.get(id);
    if (source === undefined) throw new Error('these rows are not there any more');
    return source;
  }
}

interface Bound {
  readonly id: number;
}

interface Scan {
  at: number;
}
