import type { DataFile } from '../table/table-snapshot';
import { FIRST_MS, LAST_MS, instantSql } from '../sql/instant';
import { quoteText } from '../sql/quote';
import type { FeedHistory, LakeReader } from './lake-reader';

/** A final as the lake has it. */
export interface StoredFinal {
  readonly startMs: number;
  /** Key of its record. */
  readonly id: string;
  /** JSON text of the group by field, as the record says it. */
  readonly group: string;
  /** The value of its record, as it stands in the topic. */
  readonly record: string;
}

/** Which finals of a metric are asked for. */
export interface FinalsQuestion {
  /** `name@definition` */
  readonly identity: string;
  /** Window starts, half-open. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Only what stands behind this, by window start, then group in the order of its bytes. */
  readonly after: { readonly startMs: number; readonly group: string } | null;
  /** Only groups in whose text all of these stand. */
  readonly groupHas: readonly string[];
  readonly limit: number;
}

/** Rows that a window missed, by the partition of the stream that they stand in. */
export type LateBySource = ReadonlyMap<number, number>;

/** Final results, and what came too late for them, as the lake has them at one moment. */
export class FinalHistory {
  private constructor(
    private readonly finals: FeedHistory,
    private readonly late: FeedHistory,
  ) {}

  static async open(reader: LakeReader): Promise<FinalHistory> {
    const [finals, late] = await Promise.all([reader.table('finals'), reader.table('late')]);
    return new FinalHistory(finals, late);
  }

  /** Finals below this offset of the metrics topic's partition are there. */
  next(partition: number): number {
    return this.finals.next(partition);
  }

  /** By window start, then group; as many as are asked for, if there are so many. */
  async page(question: FinalsQuestion): Promise<readonly StoredFinal[]> {
    const { identity, after, groupHas, limit, toMs } = question;
    const fromMs = Math.max(question.fromMs, after?.startMs ?? -Infinity);
    const rows: StoredFinal[] = [];
    const conditions = [
      ...ofMetric(identity),
      ...(after === null
        ? []
        : [`(window_start > ${instantSql(after.startMs)} OR "group" > ${quoteText(after.group)})`]),
      ...groupHas.map((part) => `contains("group", ${quoteText(part)})`),
    ];
    // A day at a time: what a page does not need is not even opened.
    for (const span of spans(this.finals.filesBetween('window_start', fromMs, toMs), fromMs, toMs)) {
      const inSpan = [
        ...conditions,
        `window_start >= ${instantSql(span.fromMs)}`,
        `window_start < ${instantSql(span.toMs)}`,
      ];
      const found = await this.finals.rows(
        span.files,
        `SELECT epoch_ms(window_start) AS start_ms, id, "group", record FROM finals WHERE ${inSpan.join(' AND ')}
         ORDER BY window_start, "group" LIMIT ${limit - rows.length}`,
      );
      rows.push(...found.map(storedFinal));
      if (rows.length >= limit) break;
    }
    return rows;
  }

  /** Finals of some windows, of some groups: all that there are of these. */
  async at(identity: string, startsMs: readonly number[], groups: readonly string[]): Promise<readonly StoredFinal[]> {
    if (startsMs.length === 0 || groups.length === 0) return [];
    const conditions = [...ofMetric(identity), `window_start IN (${startsMs.map(instantSql).join(', ')})`];
    const found = await this.finals.rows(
      this.filesOf(startsMs),
      `SELECT epoch_ms(window_start) AS start_ms, id, "group", record FROM finals
       WHERE ${conditions.join(' AND ')} AND "group" IN (${groups.map(quoteText).join(', ')})`,
    );
    return found.map(storedFinal);
  }

  /** Those of the windows that have finals. */
  async windowsAmong(identity: string, startsMs: readonly number[]): Promise<ReadonlySet<number>> {
    if (startsMs.length === 0) return new Set();
    const conditions = [...ofMetric(identity), `window_start IN (${startsMs.map(instantSql).join(', ')})`];
    const found = await this.finals.rows(
      this.filesOf(startsMs),
      `SELECT DISTINCT epoch_ms(window_start) AS start_ms FROM finals WHERE ${conditions.join(' AND ')}`,
    );
    return new Set(found.map((row) => Number(row['start_ms'])));
  }

  /** Start of the newest window before `beforeMs` that has finals; null: there is none. */
  async newestBefore(identity: string, beforeMs: number): Promise<number | null> {
    const newest = ({ max }: DataFile): number => Number(max['window_start'] ?? Infinity);
    const files = [...this.finals.filesBetween('window_start', -Infinity, beforeMs)];
    let found = -Infinity;
    for (const file of files.sort((a, b) => newest(b) - newest(a))) {
      if (newest(file) <= found) break;
      const conditions = [...ofMetric(identity), `window_start < ${instantSql(Math.min(beforeMs, LAST_MS))}`];
      const query = `SELECT epoch_ms(max(window_start)) AS start_ms FROM finals WHERE ${conditions.join(' AND ')}`;
      const [row] = await this.finals.rows([file], query);
      found = Math.max(found, Number(row?.['start_ms'] ?? -Infinity));
    }
    return found === -Infinity ? null : found;
  }

  /** By window start. @param spanMs how long behind its start a window may miss rows */
  async lateRows(
    identity: string,
    startsMs: readonly number[],
    spanMs: number,
  ): Promise<ReadonlyMap<number, LateBySource>> {
    const counts = new Map<number, Map<number, number>>();
    if (startsMs.length === 0) return counts;
    const [fromMs, toMs] = [Math.min(...startsMs), Math.max(...startsMs) + spanMs];
    const starts = startsMs.map((startMs) => quoteText(new Date(startMs).toISOString()));
    const within = [`event_time >= ${instantSql(fromMs)}`, `event_time < ${instantSql(toMs)}`];
    const found = await this.late.rows(
      this.late.filesBetween('event_time', fromMs, toMs),
      `SELECT start, source_partition, count(*) AS n FROM (
         SELECT unnest(missed) AS start, source_partition FROM late WHERE ${[...ofMetric(identity), ...within].join(' AND ')}
       ) WHERE start IN (${starts.join(', ')}) GROUP BY ALL`,
    );
    for (const { start, source_partition: source, n } of found) {
      const startMs = Date.parse(String(start));
      const of = counts.get(startMs) ?? new Map<number, number>();
      counts.set(startMs, of.set(Number(source), Number(n)));
    }
    return counts;
  }

  private filesOf(startsMs: readonly number[]): readonly DataFile[] {
    const files = startsMs.flatMap((startMs) => this.finals.filesBetween('window_start', startMs, startMs + 1));
    return [...new Set(files)];
  }
}

const storedFinal = (row: Record<string, unknown>): StoredFinal => ({
  startMs: Number(row['start_ms']),
  id: String(row['id']),
  group: String(row['group']),
  record: String(row['record']),
});

function ofMetric(identity: string): string[] {
  const at = identity.lastIndexOf('@');
  return [`metric = ${quoteText(identity.slice(0, at))}`, `definition = ${quoteText(identity.slice(at + 1))}`];
}

interface FileSpan {
  readonly fromMs: number;
  readonly toMs: number;
  readonly files: readonly DataFile[];
}

const DAY_MS = 24 * 60 * 60 * 1000;

/** Days (UTC) in which files may have rows, each with its files; what is not known of a file puts it into all. */
function* spans(files: readonly DataFile[], fromMs: number, toMs: number): Generator<FileSpan> {
  const bounds = files.flatMap(({ min, max }) => [min['window_start'], max['window_start']]);
  if (bounds.some((bound) => typeof bound !== 'number')) {
    yield { fromMs: Math.max(fromMs, FIRST_MS), toMs: Math.min(toMs, LAST_MS), files };
    return;
  }
  const days = new Map<number, DataFile[]>();
  for (const file of files) {
    const [oldest, newest] = [Number(file.min['window_start']), Number(file.max['window_start'])];
    for (let day = Math.floor(oldest / DAY_MS); day <= Math.floor(newest / DAY_MS); day += 1) {
      const known = days.get(day);
      if (known) known.push(file);
      else days.set(day, [file]);
    }
  }
  for (const [day, own] of [...days].sort(([a], [b]) => a - b)) {
    const span = { fromMs: Math.max(fromMs, day * DAY_MS), toMs: Math.min(toMs, (day + 1) * DAY_MS), files: own };
    if (span.fromMs < span.toMs) yield span;
  }
}
