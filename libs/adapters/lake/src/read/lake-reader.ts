import type { Feed } from '@tillstream/contracts';
import { DuckDbSession, type SessionBounds } from '../duckdb/duckdb-session';
import { quoteName } from '../sql/quote';
import { readFiles } from '../sql/read-files';
import type { ObjectStore } from '../store/object-store';
import { LakeTable } from '../table/lake-table';
import type { DataFile, TableSnapshot } from '../table/table-snapshot';

/** Reads the tables of one stream's lake, in a database of its own. */
export class LakeReader {
  private readonly tables = new Map<Feed, LakeTable>();
  private session: Promise<DuckDbSession> | null = null;

  constructor(
    private readonly store: ObjectStore,
    private readonly stream: string,
    private readonly bounds: SessionBounds,
  ) {}

  /** A feed's table as it is now. @throws SinkUnavailableError, SinkRefusedError */
  async table(feed: Feed): Promise<FeedHistory> {
    const table = this.tables.get(feed) ?? new LakeTable(this.store, `${this.stream}/${feed}`);
    this.tables.set(feed, table);
    const session = await (this.session ??= DuckDbSession.open(this.bounds));
    return new FeedHistory(feed, table, await table.snapshot(), session);
  }

  /** No question may be under way any more. */
  async close(): Promise<void> {
    await (await this.session)?.close();
  }
}

/** One feed's table at one moment: whatever is asked of it is answered as of then. */
export class FeedHistory {
  constructor(
    private readonly feed: Feed,
    private readonly table: LakeTable,
    private readonly snapshot: TableSnapshot | null,
    private readonly session: DuckDbSession,
  ) {}

  /** Rows of the partition that stand below this offset of its topic are there, as far as they were there when writing began. */
  next(partition: number): number {
    return this.snapshot?.positions.get(`${this.feed}/${partition}`) ?? 0;
  }

  /** By an instant of the rows, ascending: the files that may have any in the range. */
  filesBetween(column: string, fromMs: number, toMs: number): readonly DataFile[] {
    const least = ({ min }: DataFile): number => numberOr(min[column], -Infinity);
    const files = [...(this.snapshot?.files.values() ?? [])];
    return files
      .filter((file) => least(file) < toMs && numberOr(file.max[column], Infinity) >= fromMs)
      .sort((a, b) => least(a) - least(b));
  }

  has(column: string): boolean {
    return this.snapshot?.columns.some(({ name }) => name === column) ?? false;
  }

  /** What a query says whose table has the feed's name and is made of these files. */
  async rows(files: readonly DataFile[], query: string): Promise<Record<string, unknown>[]> {
    if (this.snapshot === null || files.length === 0) return [];
    const { columns, partitionBy } = this.snapshot;
    const local = await Promise.all(
      files.map(async (file) => ({ local: await this.table.local(file), partition: file.partition })),
    );
    return this.session.rows(`WITH ${quoteName(this.feed)} AS (${readFiles(columns, partitionBy, local)}) ${query}`);
  }
}

function numberOr(value: string | number | null | undefined, other: number): number {
  return typeof value === 'number' ? value : other;
}
