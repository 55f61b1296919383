import type { StreamSchema } from '../../stream/schema';
import type { MetricDefinition, SessionSpec } from '../definition';
import type { Row } from './evaluate-row';
import { evaluateRow } from './evaluate-row';
import type { PartitionLog } from './partition-log';
import type { PlainLate, PlainLateCount } from './window-oracle';

/** A session that is over. */
export interface PlainSession {
  readonly startMs: number;
  readonly endMs: number;
  readonly rows: readonly Row[];
  readonly revision: number;
}

/** What one metric of sessions makes of one partition. */
export interface SessionVerdict {
  readonly closed: readonly PlainSession[];
  readonly late: readonly PlainLate[];
  readonly lateCounts: readonly PlainLateCount[];
}

/** What is remembered of a session that is over. */
interface Over {
  readonly firstMs: number;
  readonly lastMs: number;
  readonly throughMs: number;
  readonly isCut: boolean;
}

/** Sorts all rows of a group that are not in a closed session once more after each record. No slices, no timers, no batches. */
export function judgeSessions(
  log: PartitionLog,
  metric: MetricDefinition,
  schema: StreamSchema,
  end = log.entries.length,
): SessionVerdict {
  const { gapMs, maxDurationMs } = metric.window as SessionSpec;
  const linesMs = Math.floor(maxDurationMs / 2 / gapMs) * gapMs;
  const timeOf = (row: Row): number => row[schema.eventTime.field] as number;
  const open = new Map<string, Row[]>();
  const over = new Map<string, Over[]>();
  const closed: PlainSession[] = [];
  const late: PlainLate[] = [];
  const lateCounts = new Map<number, PlainLateCount>();
  log.entries.slice(0, end).forEach((entry, i) => {
    const watermark = log.before(i).watermarkInputMs - metric.outOfOrdernessMs;
    entry.rows.forEach((row, index) => {
      if (metric.where !== null && evaluateRow(metric.where, row) !== true) return;
      const key = row[schema.key[0] as string] ?? null;
      if (key === null || key === '') return;
      const time = timeOf(row);
      const group = JSON.stringify(metric.groupBy.map((field) => row[field] ?? null));
      const place = { metric: metric.name, rawOffset: entry.offset, index, latenessMs: watermark - time };
      if (time + gapMs < watermark) {
        late.push({ ...place, missedStartsMs: [time] });
        return;
      }
      const missed = over.get(group)?.findLast((session) => {
        return time >= session.firstMs - gapMs && time <= session.throughMs;
      });
      if (missed === undefined) open.set(group, [...(open.get(group) ?? []), row]);
      else {
        const startMs = missed.firstMs;
        late.push({ ...place, missedStartsMs: [startMs] });
        const count = (lateCounts.get(startMs)?.count ?? 0) + 1;
        lateCounts.set(startMs, { metric: metric.name, startMs, count, revision: entry.offset + 1 });
      }
    });
    const after = log.before(i + 1).watermarkInputMs - metric.outOfOrdernessMs;
    for (const [group, rows] of open) {
      for (let left = rows; left.length > 0; left = open.get(group) as Row[]) {
        const times = left.map(timeOf).sort((a, b) => a - b);
        const firstMs = times[0] as number;
        const before = over.get(group)?.at(-1);
        const isContinued = before?.isCut === true && firstMs - before.lastMs <= gapMs;
        const lineMs = (Math.floor(firstMs / linesMs) + (isContinued ? 1 : 2)) * linesMs;
        let lastMs = firstMs;
        for (const time of times) if (time - lastMs <= gapMs && time < lineMs) lastMs = time;
        const isCut = lastMs + gapMs >= lineMs;
        if (after < (isCut ? lineMs : lastMs + gapMs + 1)) break;
        const throughMs = isCut ? lineMs - 1 : lastMs + gapMs;
        over.set(group, [...(over.get(group) ?? []), { firstMs, lastMs, throughMs, isCut }]);
        closed.push({
          startMs: firstMs,
          endMs: isCut ? lineMs : lastMs + gapMs,
          rows: left.filter((row) => timeOf(row) <= lastMs),
          revision: entry.offset + 1,
        });
        open.set(
          group,
          left.filter((row) => timeOf(row) > lastMs),
        );
      }
    }
  });
  return { closed, late, lateCounts: [...lateCounts.values()] };
}
