import type { FeedColumn, FeedRow, FeedTable } from '@tillstream/contracts';
import type { RefusedRow } from '@tillstream/engine';
import type { Session } from './connections';
import { encodeRows } from './copy-columns';
import { UNIQUE_VIOLATION, isAboutRows, sqlState } from './postgres-error';
import { columnName, quoted, tableName } from './table-names';

const BYTES_A_COLUMN = 16;

/** Stores rows in one table, within somebody's transaction. */
export class RowStore {
  private readonly name: string;
  private readonly statement: string;
  private readonly columns: readonly FeedColumn[];

  constructor(
    private readonly session: Session,
    schema: string,
    table: FeedTable,
  ) {
    this.columns = table.columns;
    this.name = `${quoted(schema)}.${quoted(tableName(table))}`;
    const names = this.columns.map(({ name }) => quoted(columnName(name)));
    this.statement = `COPY ${this.name} (${['__id', '__version', ...names].join(', ')}) FROM STDIN (FORMAT binary)`;
  }

  /**
   * Rows are copied as if all were new, which they are but for those whose publisher has written them again: only when the table
   * says so is it asked which.
   *
   * @param rows with ids that differ
   * @returns those that the table will never take
   */
  async store(rows: readonly FeedRow[]): Promise<readonly RefusedRow[]> {
    if (rows.length === 0) return [];
    const error = await this.copy(rows);
    if (error === null) return [];
    if (sqlState(error) === UNIQUE_VIOLATION) {
      const fresh = await this.withoutStored(rows);
      if (fresh !== rows) return this.store(fresh);
    }
    if (rows.length === 1) return [{ row: rows[0] as FeedRow, reason: error.message }];
    const middle = rows.length >> 1;
    return [...(await this.store(rows.slice(0, middle))), ...(await this.store(rows.slice(middle)))];
  }

  /** What is wrong with one of the rows; null: all stand there. */
  private async copy(rows: readonly FeedRow[]): Promise<Error | null> {
    const frames = encodeRows(this.columns, rows, rows.length * (this.columns.length + 2) * BYTES_A_COLUMN);
    await this.session.query('SAVEPOINT rows');
    try {
      await this.session.copy(this.statement, frames);
      await this.session.query('RELEASE rows');
      return null;
    } catch (cause) {
      if (!isAboutRows(cause)) throw cause;
      await this.session.query('ROLLBACK TO rows');
      return cause as Error;
    }
  }

  /**
   * Without the rows that the table has, in that version or a higher one. What it has in a lower one is taken out of it: in the
   * same transaction the row goes in again.
   *
   * @returns the same array when it has none of them
   */
  private async withoutStored(rows: readonly FeedRow[]): Promise<readonly FeedRow[]> {
    const ids = rows.map(({ id }) => id);
    const found = await this.session.query(
      `SELECT __id, __version FROM ${this.name} WHERE __id = ANY($1) ORDER BY __id FOR UPDATE`,
      [ids],
    );
    if (found.length === 0) return rows;
    const versions = new Map(found.map((row) => [String(row['__id']), Number(row['__version'])]));
    const isNewer = ({ id, version }: FeedRow): boolean => (versions.get(id) ?? -1) < version;
    const outdated = rows.filter((row) => versions.has(row.id) && isNewer(row)).map(({ id }) => id);
    if (outdated.length > 0) await this.session.query(`DELETE FROM ${this.name} WHERE __id = ANY($1)`, [outdated]);
    return rows.filter(isNewer);
  }
}
