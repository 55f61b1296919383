import type { RefusedRow } from '@tillstream/engine';
import type { Session } from './connections';
import type { PendingTable } from './pending-table';
import { UNIQUE_VIOLATION, isAboutRows, sqlState } from './postgres-error';
import { columnName, quoted, tableName } from './table-names';

/** Stores rows in one table, within somebody's transaction. */
export class RowStore {
  private readonly name: string;
  private readonly statement: string;

  constructor(
    private readonly session: Session,
    schema: string,
    private readonly pending: PendingTable,
  ) {
    this.name = `${quoted(schema)}.${quoted(tableName(pending.table))}`;
    const names = pending.table.columns.map(({ name }) => quoted(columnName(name)));
    this.statement = `COPY ${this.name} (${['__id', '__version', ...names].join(', ')}) FROM STDIN (FORMAT binary)`;
  }

  /** @returns those that the table will never take */
  store(): Promise<readonly RefusedRow[]> {
    return this.storeRows(
      Array.from({ length: this.pending.count }, (_, at) => at),
      new Set(),
    );
  }

  /**
   * Rows are copied as if all were new, which they are but for those whose publisher has written them again: only when the table
   * says so is it asked which. What is wrong with some is found by halves.
   *
   * @param outdated ids that the table has in a lower version
   */
  private async storeRows(rows: readonly number[], outdated: ReadonlySet<string>): Promise<readonly RefusedRow[]> {
    if (rows.length === 0) return [];
    const error = await this.copy(rows, outdated);
    if (error === null) return [];
    if (sqlState(error) === UNIQUE_VIOLATION) {
      const found = await this.newestOf(rows);
      const isNews = found.rows.length < rows.length || found.outdated.size > outdated.size;
      if (isNews) return this.storeRows(found.rows, found.outdated);
    }
    if (rows.length === 1) return [{ row: this.pending.rowAt(rows[0] as number), reason: error.message }];
    const middle = rows.length >> 1;
    const first = await this.storeRows(rows.slice(0, middle), outdated);
    return [...first, ...(await this.storeRows(rows.slice(middle), outdated))];
  }

  /** What is wrong with one of the rows; null: all stand there. */
  private async copy(rows: readonly number[], outdated: ReadonlySet<string>): Promise<Error | null> {
    await this.session.query('SAVEPOINT rows');
    try {
      if (outdated.size > 0) {
        const ids = rows.map((at) => this.pending.keyAt(at).id).filter((id) => outdated.has(id));
        await this.session.query(`DELETE FROM ${this.name} WHERE __id = ANY($1)`, [ids]);
      }
      await this.session.copy(this.statement, this.pending.frames(rows));
      await this.session.query('RELEASE rows');
      return null;
    } catch (cause) {
      if (!isAboutRows(cause)) throw cause;
      await this.session.query('ROLLBACK TO rows');
      return cause as Error;
    }
  }

  /** Of rows with an id the one with the highest version, unless the table has it in that or a higher one. */
  private async newestOf(
    rows: readonly number[],
  ): Promise<{ readonly rows: readonly number[]; readonly outdated: ReadonlySet<string> }> {
    const newest = new Map<string, { readonly at: number; readonly version: number }>();
    for (const at of rows) {
      const { id, version } = this.pending.keyAt(at);
      if ((newest.get(id)?.version ?? -1) < version) newest.set(id, { at, version });
    }
    const stored = await this.session.query(
      `SELECT __id, __version FROM ${this.name} WHERE __id = ANY($1) ORDER BY __id FOR UPDATE`,
      [[...newest.keys()]],
    );
    const outdated = new Set<string>();
    for (const row of stored) {
      const id = String(row['__id']);
      if (Number(row['__version']) < (newest.get(id)?.version ?? -1)) outdated.add(id);
      else newest.delete(id);
    }
    return { rows: [...newest.values()].map(({ at }) => at).sort((a, b) => a - b), outdated };
  }
}
