import type { Row } from '../../metrics/testing/evaluate-row';
import { evaluateRow } from '../../metrics/testing/evaluate-row';
import type { PartitionLog } from '../../metrics/testing/partition-log';
import type { StreamSchema } from '../../stream/schema';
import type { AttributionDefinition } from '../definition';

/** A row of a log, and where it stands. */
interface PlacedRow {
  readonly row: Row;
  readonly timeMs: number;
  /** Number of its entry in the log. */
  readonly entry: number;
  readonly offset: number;
  readonly index: number;
  /** Watermark before its record. */
  readonly watermarkMs: number;
}

/** A purchase as the oracle sees it: with rows instead of what is told of them. */
export interface PlainPurchase {
  readonly row: Row;
  readonly timeMs: number;
  readonly offset: number;
  readonly index: number;
  readonly decidedBy: number;
  /** Newest first, those that are told. */
  readonly views: readonly Pick<PlacedRow, 'row' | 'timeMs' | 'offset' | 'index'>[];
  readonly truncated: boolean;
}

/** What an attribution makes of one partition. */
export interface AttributionVerdict {
  /** By the record that decided them, then by time, then by raw position. */
  readonly decided: readonly PlainPurchase[];
  readonly late: readonly Pick<PlacedRow, 'row' | 'offset' | 'index'>[];
}

/** Looks at all views of somebody for each purchase. No slices, no hashes, no batches. */
export function judgeAttribution(
  log: PartitionLog,
  attribution: AttributionDefinition,
  schema: StreamSchema,
  end = log.entries.length,
): AttributionVerdict {
  const { from, to, on, withinMs, outOfOrdernessMs, maxMatches } = attribution;
  const views = new Map<string, PlacedRow[]>();
  const purchases: PlacedRow[] = [];
  const late: PlacedRow[] = [];
  const matchOf = (row: Row): string | null => {
    const key = schema.key.map((field) => row[field] ?? null).find((value) => value !== null && value !== '');
    const values = on.map((field) => row[field] ?? null);
    return key === undefined || values.includes(null) ? null : JSON.stringify([String(key), ...values]);
  };
  log.entries.slice(0, end).forEach(({ rows, offset }, entry) => {
    const watermarkMs = log.before(entry).watermarkInputMs - outOfOrdernessMs;
    rows.forEach((row, index) => {
      const match = matchOf(row);
      if (match === null) return;
      const placed = { row, timeMs: row[schema.eventTime.field] as number, entry, offset, index, watermarkMs };
      const isView = evaluateRow(from, row) === true;
      const isPurchase = evaluateRow(to, row) === true;
      const isLate = placed.timeMs < watermarkMs;
      if (isLate && (isView || isPurchase)) late.push(placed);
      if (isView) views.set(match, [...(views.get(match) ?? []), placed]);
      if (isPurchase && !isLate) purchases.push(placed);
    });
  });
  const decided = purchases.flatMap(({ row, timeMs, entry, offset, index }) => {
    let deciding = entry;
    while (deciding < end && log.before(deciding + 1).watermarkInputMs - outOfOrdernessMs < timeMs) deciding++;
    if (deciding === end) return [];
    const matching = (views.get(matchOf(row) as string) ?? [])
      .filter((view) => view.entry <= deciding && view.timeMs < timeMs && timeMs <= view.timeMs + withinMs)
      .sort(newestFirst);
    const decidedBy = (log.entries[deciding] as { offset: number }).offset;
    const truncated = matching.length > maxMatches;
    return [{ row, timeMs, offset, index, decidedBy, views: matching.slice(0, maxMatches), truncated }];
  });
  decided.sort((a, b) => a.decidedBy - b.decidedBy || -newestFirst(a, b));
  return { decided, late };
}

type Place = Pick<PlacedRow, 'timeMs' | 'offset' | 'index'>;

function newestFirst(a: Place, b: Place): number {
  return b.timeMs - a.timeMs || b.offset - a.offset || b.index - a.index;
}
