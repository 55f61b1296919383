import type { MetricDefinition } from '@tillstream/core';
import { isSession } from '@tillstream/core';
import type { MetricsRecord, StreamDefinition } from '@tillstream/contracts';
import { decodeMetricsRecord, readMetricsKey } from '@tillstream/contracts';
import type { LogReader, LogRecord } from '../ports/log';
import { recordsBetween } from '../task/log-tail';

/** Append times go by a broker's clock, which may be set back this far. */
const CLOCK_SLACK_MS = 60 * 60 * 1000;
/** `b`: which windows a partition has whole of a metric, or were computed afterwards. */
const SPAN_KEY = 0x62;
const TOMBSTONE = new Uint8Array(0);

/** A range of window starts, [fromMs, toMs), of some metrics. */
export interface WindowRange {
  readonly metrics: readonly MetricDefinition[];
  readonly fromMs: number;
  readonly toMs: number;
}

/** A final as it stands in a partition of `metrics`. */
export interface StandingFinal {
  readonly offset: number;
  readonly key: Uint8Array;
  /** Empty for a tombstone: no final is. */
  readonly value: Uint8Array;
  readonly metric: MetricDefinition;
  readonly startMs: number;
}

/** Which windows a partition of `metrics` says to be complete, by identity of their metric. */
export interface ClosedSpan {
  /** Ends of the first and the last of them whose record is retained. */
  readonly firstEndMs: number;
  readonly lastEndMs: number;
}

/**
 * Reads the finals of a range that stand in one partition of `metrics`, each as often as it stands there.
 *
 * A final is appended after the rows it counts, and no row is further ahead of its append time than the stream tolerates:
 * so what was appended long before the range need not be read.
 */
export async function* standingFinals(
  reader: LogReader,
  { topics, schema }: StreamDefinition,
  partition: number,
  end: number,
  { metrics, fromMs, toMs }: WindowRange,
  onClosed: (identity: string, span: ClosedSpan) => void = () => undefined,
  onSpan: (span: Extract<MetricsRecord, { kind: 'span' | 'backfill' }>) => void = () => undefined,
): AsyncGenerator<StandingFinal, void, void> {
  const byIdentity = new Map(metrics.map((metric) => [metric.identity, metric]));
  const spans = new Map<string, ClosedSpan>();
  const oldestMs = fromMs - schema.eventTime.futureToleranceMs - CLOCK_SLACK_MS;
  const begin = await reader.begin(topics.metrics, partition);
  const from = oldestMs > 0 ? await reader.offsetAtOrAfter(topics.metrics, partition, oldestMs) : begin;
  for await (const record of recordsBetween(reader, topics.metrics, partition, from ?? end, end)) {
    const { key, value } = record;
    if (key?.[0] === SPAN_KEY) {
      const decoded = decodeMetricsRecord(record);
      if (decoded.kind === 'span' || decoded.kind === 'backfill') onSpan(decoded);
      continue;
    }
    const read = key && readMetricsKey(key);
    const metric = read && byIdentity.get(read.identity);
    if (!metric) continue;
    const { of, identity, startMs } = read;
    const endMs = closedEnd(metric, of, startMs, record);
    if (endMs !== null) {
      const known = spans.get(identity) ?? { firstEndMs: endMs, lastEndMs: endMs };
      spans.set(identity, { ...known, lastEndMs: Math.max(known.lastEndMs, endMs) });
    }
    if (of === 'final' && startMs >= fromMs && startMs < toMs) {
      yield { offset: record.offset, key, value: value ?? TOMBSTONE, metric, startMs };
    }
  }
  for (const [identity, span] of spans) onClosed(identity, span);
}

/** Up to where a record says that all windows of a metric are told; null: it says nothing of that. */
function closedEnd({ window }: MetricDefinition, of: string, startMs: number, record: LogRecord): number | null {
  if (!isSession(window)) return of === 'closed' ? startMs + window.sizeMs : null;
  // Nobody says of sessions that they are over: those that end earlier are told by then.
  const decoded = of === 'final' ? decodeMetricsRecord(record) : null;
  return decoded?.kind === 'result' ? decoded.endMs - 1 : null;
}
