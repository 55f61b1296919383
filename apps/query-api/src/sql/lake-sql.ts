import { StreamTables, type ObjectStore, type SqlLimits, type SqlOutcome } from '@tillstream/adapter-lake';
import type { StreamDefinition } from '@tillstream/contracts';
import type { SqlProcesses } from './sql-processes';
import { NoLakeError, type SqlSource } from './sql-source';

/** Answers SQL over lakes, each question in a process that sees the tables of its stream and nothing else. */
export class LakeSql implements SqlSource {
  private readonly tables: ReadonlyMap<string, StreamTables>;

  /** @param lakes by stream */
  constructor(
    lakes: ReadonlyMap<string, ObjectStore>,
    private readonly processes: SqlProcesses,
    private readonly limits: SqlLimits,
  ) {
    this.tables = new Map([...lakes].map(([stream, store]) => [stream, new StreamTables(store, stream)]));
  }

  async answer(
    sql: string,
    definition: StreamDefinition,
    rows: number,
    signal: AbortSignal,
  ): Promise<SqlOutcome | null> {
    const { stream } = definition.schema;
    const tables = this.tables.get(stream);
    if (!tables) throw new NoLakeError(stream);
    const limits = { ...this.limits, rows: Math.min(rows || Infinity, this.limits.rows) };
    return this.processes.answer({ sql, ...(await tables.mentionedIn(sql, definition)), limits }, signal);
  }

  close(): void {
    this.processes.close();
  }
}
