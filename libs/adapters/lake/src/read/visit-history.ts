import { FIRST_MS, LAST_MS, instantSql } from '../sql/instant';
import { quoteText } from '../sql/quote';
import type { DataFile } from '../table/table-snapshot';
import type { FeedHistory, LakeReader } from './lake-reader';

/** Feeds of rows that are told once and never change. */
export type VisitFeed = 'sessions' | 'attributions';

/** Where a row stands among others: newest first, of equal instants by id in the order of its bytes. */
export interface RowPlace {
  readonly instantMs: number;
  readonly id: string;
}

/** A session, or a view and the purchase it led to, as the lake has it. */
export interface StoredVisitRow extends RowPlace {
  readonly partition: number;
  /** The value of its record, as it stands in the topic. */
  readonly record: string;
}

/** Which rows are asked for. */
export interface VisitQuestion {
  /** What range and order are about: when it ended or was bought, or when a session started. */
  readonly by: 'time' | 'start';
  /** Half-open. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Only what ended, or was bought, before. */
  readonly beforeMs: number;
  /** Only what stands behind this. */
  readonly after: RowPlace | null;
  /** Empty: anybody's. */
  readonly user: string;
  /** Only sessions with a purchase. */
  readonly convertedOnly: boolean;
  /** Only purchases with these values, by field. */
  readonly on: readonly (readonly [field: string, value: string])[];
  readonly limit: number;
}

/**
 * The id of a row as text that is in order as it is. Those of one purchase stand together: its position, and which of its views
 * it is, from the newest on.
 */
const PURCHASE_ID = [
  ...[1, 2, 3].map((part) => `lpad(split_part(purchase_id, '|', ${part}), 16, '0')`),
  `lpad(coalesce(touch, 1)::VARCHAR, 16, '0')`,
].join(` || '|' || `);

/** Sessions, or attributions, as the lake has them at one moment. */
export class VisitHistory {
  private constructor(
    private readonly feed: VisitFeed,
    private readonly table: FeedHistory,
  ) {}

  static async open(reader: LakeReader, feed: VisitFeed): Promise<VisitHistory> {
    return new VisitHistory(feed, await reader.table(feed));
  }

  /** Rows below this offset of their topic's partition are there. */
  next(partition: number): number {
    return this.table.next(partition);
  }

  /** The newest first; as many as are asked for, if there are so many. */
  async page(question: VisitQuestion): Promise<readonly StoredVisitRow[]> {
    const { by, after, fromMs, beforeMs, limit } = question;
    const column = by === 'start' ? 'started' : '_time';
    // Nothing starts behind its end, and nothing stands behind a place that is newer than it.
    const toMs = Math.min(question.toMs, beforeMs, (after?.instantMs ?? Infinity) + 1);
    const files = this.table
      .filesBetween(column, fromMs, toMs)
      .filter(({ min }) => !(typeof min['_time'] === 'number' && min['_time'] >= beforeMs));
    const conditions = this.conditionsOf(question, column);
    const rows: StoredVisitRow[] = [];
    for (const span of spansBackwards(files, column, fromMs, toMs)) {
      const inSpan = [`${column} >= ${instantSql(span.fromMs)}`, `${column} < ${instantSql(span.toMs)}`, ...conditions];
      const found = await this.table.rows(
        span.files,
        `SELECT epoch_ms(${column}) AS instant_ms, ${this.idSql} AS row_id, _partition, record FROM ${this.feed}
         WHERE ${inSpan.join(' AND ')} ORDER BY 1 DESC, 2 LIMIT ${limit - rows.length}`,
      );
      rows.push(...found.map(storedRow));
      if (rows.length >= limit) break;
    }
    return rows;
  }

  /** A session by its id, which says when it started. */
  async session(id: string, startMs: number): Promise<StoredVisitRow | null> {
    const [row] = await this.table.rows(
      this.table.filesBetween('started', startMs, startMs + 1),
      `SELECT epoch_ms(_time) AS instant_ms, id AS row_id, _partition, record FROM sessions
       WHERE started = ${instantSql(startMs)} AND id = ${quoteText(id)} LIMIT 1`,
    );
    return row ? storedRow(row) : null;
  }

  private get idSql(): string {
    return this.feed === 'sessions' ? 'id' : PURCHASE_ID;
  }

  private conditionsOf({ after, user, convertedOnly, on, beforeMs }: VisitQuestion, column: string): string[] {
    return [
      ...(beforeMs > LAST_MS ? [] : [`_time < ${instantSql(beforeMs)}`]),
      ...(after === null
        ? []
        : [`(${column} < ${instantSql(after.instantMs)} OR ${this.idSql} > ${quoteText(after.id)})`]),
      ...(user === '' ? [] : [`"user" = ${quoteText(user)}`]),
      ...(convertedOnly ? ['converted'] : []),
      ...on.map(([field, value]) => {
        const path = quoteText(`$.on.${JSON.stringify(field)}`);
        return `json_extract_string(record, ${path}) = ${quoteText(value)}`;
      }),
    ];
  }
}

const storedRow = (row: Record<string, unknown>): StoredVisitRow => ({
  instantMs: Number(row['instant_ms']),
  id: String(row['row_id']),
  partition: Number(row['_partition']),
  record: String(row['record']),
});

interface FileSpan {
  readonly fromMs: number;
  readonly toMs: number;
  readonly files: readonly DataFile[];
}

const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * Spans of whole days (UTC), the newest first, each with the files that may have rows in it. Each is twice as long as the one before:
 * what the newest days answer opens no others, and what is rare is found without asking for every day.
 */
function* spansBackwards(
  files: readonly DataFile[],
  column: string,
  fromMs: number,
  toMs: number,
): Generator<FileSpan> {
  const oldest = ({ min }: DataFile): number => numberOr(min[column], -Infinity);
  const newest = ({ max }: DataFile): number => numberOr(max[column], Infinity);
  const least = Math.max(fromMs, FIRST_MS, files.map(oldest).reduce(lesser, Infinity));
  let highMs = Math.min(toMs, LAST_MS, files.map(newest).reduce(greater, -Infinity) + 1);
  for (let days = 1; highMs > least; days *= 2) {
    const lowMs = Math.max(least, (Math.floor((highMs - 1) / DAY_MS) - days + 1) * DAY_MS);
    const own = files.filter((file) => oldest(file) < highMs && newest(file) >= lowMs);
    if (own.length > 0) yield { fromMs: lowMs, toMs: highMs, files: own };
    highMs = lowMs;
  }
}

const lesser = (a: number, b: number): number => Math.min(a, b);
const greater = (a: number, b: number): number => Math.max(a, b);

function numberOr(value: string | number | null | undefined, other: number): number {
  return typeof value === 'number' ? value : other;
}
