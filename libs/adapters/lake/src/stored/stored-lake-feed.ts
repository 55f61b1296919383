import type { FeedColumn, PlainValue, SinkFeed, StreamDefinition } from '@tillstream/contracts';
import { FeedSelection, rowText, sharedColumns } from '@tillstream/contracts';
import type { KeptRecord, StoredFeed, StoredRow, StoredSpan } from '@tillstream/engine';
import type { DuckDbSession } from '../duckdb/duckdb-session';
import { ALL_TIMES, tableRelation } from '../read/table-relation';
import type { TimeSpan } from '../read/table-relation';
import type { ColumnType } from '../sql/column-type';
import { quoteName } from '../sql/quote';
import type { LakeTable } from '../table/lake-table';
import type { TableSnapshot } from '../table/table-snapshot';

const DAY_MS = 24 * 60 * 60 * 1000;
const encoder = new TextEncoder();
/** Where a row stood. */
const POSITION = ['_partition', '_offset', '_index'] as const;
const IN_ORDER = `ORDER BY ${POSITION.map(quoteName).join(', ')}`;

/** What of a table is asked for, and where that is computed. */
export interface LakeFeed {
  readonly session: DuckDbSession;
  readonly table: LakeTable;
  readonly snapshot: TableSnapshot;
}

/** The column that says when a row happened: of events their own, other feeds have one beside what they say. */
export function timeColumn({ schema }: Pick<StreamDefinition, 'schema'>, { feed }: Pick<SinkFeed, 'feed'>): string {
  return feed === 'events' ? schema.eventTime.field : '_time';
}

/** A feed as the lake has it, to be compared with the log. */
export function storedLakeFeed(lake: LakeFeed, definition: StreamDefinition, feed: SinkFeed): StoredFeed {
  const { snapshot } = lake;
  const column = timeColumn(definition, feed);
  const columns = sharedColumns(new FeedSelection(definition, feed).tables);
  const isOfEvents = feed.feed === 'events';
  const record = isOfEvents ? 'NULL' : quoteName('record');
  const key = isOfEvents ? `concat("_offset", '|', "_index")` : quoteName('id');
  const values = columns.map(({ name }) => plainSql(snapshot, name));
  const wanted = [quoteName('_partition'), quoteName('_offset'), key, record, ...values];
  return {
    next: (partition) => snapshot.positions.get(`${feed.feed}/${partition}`) ?? 0,
    turns: (span, mostRows) => turnsOf(snapshot, span, mostRows),
    read: async (span, take) => {
      const relation = await tableRelation(lake.table, snapshot, { column, ...span });
      await eachRow(lake.session, `SELECT ${wanted.join(', ')} FROM (${relation})`, async (rows) => {
        take(rows.map((row) => storedRow(row, columns)));
      });
    },
  };
}

/** Gives the records of a table as they stood in its topic, in their order. */
export async function keptRecords(
  { session, table, snapshot }: LakeFeed,
  span: TimeSpan,
  take: (records: readonly KeptRecord[]) => Promise<void>,
): Promise<void> {
  const relation = await tableRelation(table, snapshot, span);
  const query = `SELECT "_partition", "id", "record" FROM (${relation}) WHERE "record" IS NOT NULL ${IN_ORDER}`;
  await eachRow(session, query, (rows) =>
    take(
      rows.map(([partition, id, record]) => ({
        partition: Number(partition),
        key: encoder.encode(String(id)),
        value: encoder.encode(String(record)),
      })),
    ),
  );
}

/** How many records a table keeps in a span of time. */
export async function countRecords(
  { session, table, snapshot }: LakeFeed,
  span: TimeSpan = ALL_TIMES,
): Promise<number> {
  const relation = await tableRelation(table, snapshot, span);
  const [row] = await session.rows(`SELECT count(*) AS n FROM (${relation})`);
  return Number(row?.['n'] ?? 0);
}

/** A portion of a result at a time: it is never in memory as a whole. */
async function eachRow(
  session: DuckDbSession,
  query: string,
  take: (rows: readonly (readonly unknown[])[]) => Promise<void>,
): Promise<void> {
  await session.use(async (connection) => {
    const result = await connection.stream(query);
    for await (const rows of result.yieldRowsJs()) await take(rows);
  });
}

function storedRow(
  [partition, offset, key, record, ...values]: readonly unknown[],
  columns: readonly FeedColumn[],
): StoredRow {
  const plain = columns.map((_, i) => plainValue(values[i]));
  return {
    ...{ partition: Number(partition), offset: Number(offset), key: String(key) },
    text: rowText(plain, typeof record === 'string' ? record : null),
  };
}

function plainValue(value: unknown): PlainValue {
  if (typeof value === 'bigint') return Number(value);
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null;
}

/** The value of a column as `rowText` has it: null where the table does not have the column yet. */
function plainSql({ columns }: TableSnapshot, name: string): string {
  const type = columns.find((column) => column.name === name)?.type;
  return type === undefined ? 'NULL' : plainOf(quoteName(name), type);
}

function plainOf(value: string, type: ColumnType): string {
  if (type === 'timestamp') return `epoch_ms(${value})`;
  if (type === 'binary') return `base64(${value})`;
  if (typeof type === 'string') return value;
  return type.kind === 'decimal' ? `${value}::VARCHAR` : `to_json(${value})::VARCHAR`;
}

/** Cut between days, by how many rows the files of each have. */
function turnsOf({ files }: TableSnapshot, { fromMs, toMs }: StoredSpan, mostRows: number): readonly StoredSpan[] {
  const byDay = new Map<number, number>();
  for (const { partition, rows } of files.values()) {
    // The column of the day comes first.
    const dayMs = Date.parse(`${Object.values(partition)[0] ?? ''}T00:00:00Z`);
    if (!Number.isNaN(dayMs)) byDay.set(dayMs, (byDay.get(dayMs) ?? 0) + rows);
  }
  const turns: StoredSpan[] = [];
  let [begin, held] = [fromMs, 0];
  for (const [dayMs, rows] of [...byDay].sort(([a], [b]) => a - b)) {
    if (dayMs + DAY_MS <= fromMs || dayMs >= toMs) continue;
    if (held > 0 && held + rows > mostRows && dayMs > begin) {
      turns.push({ fromMs: begin, toMs: dayMs });
      [begin, held] = [dayMs, 0];
    }
    held += rows;
  }
  return [...turns, { fromMs: begin, toMs }];
}
