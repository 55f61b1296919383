import { SinkRefusedError } from '@tillstream/engine';
import type { Action, TableSchema } from './delta-actions';
import { actionOf, PROTOCOL } from './delta-actions';
import type { DataFile, TableIdentity, TableSnapshot } from './table-snapshot';

/** Takes the actions of a log in their order and gives the table that they make. */
export class SnapshotBuilder {
  private identity: TableIdentity | null;
  private schema: TableSchema;
  private readonly files: Map<string, DataFile>;
  private readonly positions: Map<string, number>;
  private readonly removed: Map<string, number>;

  constructor(
    before: TableSnapshot | null,
    /** For messages. */
    private readonly table: string,
  ) {
    this.identity = before?.identity ?? null;
    this.schema = { columns: before?.columns ?? [], partitionBy: before?.partitionBy ?? [] };
    this.files = new Map(before?.files);
    this.positions = new Map(before?.positions);
    this.removed = new Map(before?.removed);
  }

  /** What a commit or a checkpoint of the log holds. Its order says nothing, but statistics are read by the columns. */
  takeAll(lines: readonly unknown[]): void {
    const isSchema = (line: unknown) => (line as { readonly metaData?: unknown }).metaData != null;
    for (const line of [...lines.filter(isSchema), ...lines.filter((other) => !isSchema(other))]) {
      const action = actionOf(line, this.schema.columns);
      if (action !== null) this.take(action);
    }
  }

  take(action: Action): void {
    switch (action.kind) {
      case 'metadata':
        this.identity = action.identity;
        this.schema = action.schema;
        return;
      case 'add':
        this.files.set(action.file.path, action.file);
        this.removed.delete(action.file.path);
        return;
      case 'remove':
        this.files.delete(action.path);
        this.removed.set(action.path, action.removedMs);
        return;
      case 'position':
        this.positions.set(action.appId, action.next);
        return;
      case 'protocol':
        if (action.reader <= PROTOCOL.reader && action.writer <= PROTOCOL.writer) return;
        throw new SinkRefusedError(
          `another program has raised the table ${this.table} to version ${action.reader} (readers) and ${action.writer} (writers) of the ` +
            `Delta protocol; Tillstream reads and writes ${PROTOCOL.reader} and ${PROTOCOL.writer}. Declare another place for the lake, or ` +
            'restore the table from before that.',
        );
      case 'commit':
    }
  }

  build(version: number): TableSnapshot {
    if (this.identity === null) throw new Error(`the log of the table ${this.table} does not say what its columns are`);
    return {
      version,
      ...this.schema,
      files: this.files,
      positions: this.positions,
      removed: this.removed,
      identity: this.identity,
    };
  }
}
