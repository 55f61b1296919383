import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Feed, SinkDefinition, StreamDefinition } from '@tillstream/contracts';
import type { Sink, SinkEnvironment } from '@tillstream/engine';
import { aSink, aSinkEnvironment } from '@tillstream/engine/testing';

import { DuckDbSession } from '../duckdb/duckdb-session';
import { lakeSinkType } from '../sink/lake-sink-kind';
import { quoteName } from '../sql/quote';
import { readFiles } from '../sql/read-files';
import { openObjectStore } from '../store/open-object-store';
import { NO_ACCESS } from '../store/store-access';
import { LakeTable } from '../table/lake-table';
import type { TableSnapshot } from '../table/table-snapshot';

/** A lake in a directory of its own, which tests write into as processes do and read by SQL. */
export class LakeUnderTest {
  private constructor(
    readonly definition: StreamDefinition,
    readonly directory: string,
    private readonly session: DuckDbSession,
  ) {}

  static async create(definition: StreamDefinition): Promise<LakeUnderTest> {
    const directory = await mkdtemp(join(tmpdir(), 'tillstream-lake-'));
    const session = await DuckDbSession.open({ memoryBytes: 256 * 1024 ** 2, threads: 1, temporary: null });
    return new LakeUnderTest(definition, directory, session);
  }

  /** A sink as another process has it. */
  connect(
    settings: SinkDefinition['settings'] = {},
    definition = this.definition,
    environment: SinkEnvironment = aSinkEnvironment(),
    where = this.directory,
  ): Sink {
    const declared = aSink({
      type: 'lake',
      where,
      settings: { memory: '128MiB', threads: 1, ...settings },
    });
    const opened = lakeSinkType.open(declared, definition, environment);
    if (!opened.ok) throw new Error(opened.problems.map(({ message }) => message).join('\n'));
    return opened.sink;
  }

  table(feed: Feed): LakeTable {
    return new LakeTable(openObjectStore(this.directory, NO_ACCESS), `${this.definition.schema.stream}/${feed}`);
  }

  snapshot(feed: Feed): Promise<TableSnapshot | null> {
    return this.table(feed).snapshot();
  }

  /** Rows of a feed's table, which the SQL calls by the feed's name; none of a table that is not there. */
  async query(feed: Feed, sql: string) {
    const table = this.table(feed);
    const snapshot = await table.snapshot();
    if (snapshot === null) return [];
    const files = await Promise.all(
      [...snapshot.files.values()].map(async (file) => ({ local: await table.local(file), partition: file.partition })),
    );
    const stored = readFiles(snapshot.columns, snapshot.partitionBy, files);
    return this.session.rows(`WITH ${quoteName(feed)} AS (${stored}) ${sql}`);
  }

  rows(sql: string) {
    return this.session.rows(sql);
  }

  async close(): Promise<void> {
    await this.session.close();
    await rm(this.directory, { recursive: true, force: true });
  }
}
