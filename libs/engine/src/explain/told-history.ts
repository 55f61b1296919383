import type { MetricsRecord, StreamDefinition } from '@tillstream/contracts';
import { decodeMetricsRecord, readMetricsKey } from '@tillstream/contracts';
import type { MetricDefinition } from '@tillstream/core';
import type { LogReader, LogRecord, RecordHeaders } from '../ports/log';
import { recordsBetween } from '../task/log-tail';
import { sampledTraceId } from './sample-rows';

/** Append times go by a broker's clock, which may be set back this far. */
const CLOCK_SLACK_MS = 60 * 60 * 1000;
/** Of a long history the first and the newest revisions are kept. */
const FIRST_KEPT = 10;
const NEWEST_KEPT = 40;

type Result = Extract<MetricsRecord, { kind: 'result' }>;

/** A result as it was told once. */
export interface ToldResult {
  /** Where it stands in `metrics`. */
  readonly partition: number;
  readonly offset: number;
  readonly appendMs: number;
  readonly result: Result;
  readonly value: Uint8Array;
}

/** What services have told of one group and window, as far as it is retained. */
export interface ToldHistory {
  /** In the order of the log; of a long history the first and the newest. */
  readonly revisions: readonly ToldResult[];
  /** Revisions that are retained and left out of `revisions`. */
  readonly leftOut: number;
  /** What stands: the final, else the newest provisional that was not taken back. */
  readonly told: ToldResult | null;
  /** W3C trace id of the final that stands, where what fed its window was sampled; null also of a provisional. */
  readonly finalTraceId: string | null;
  /** The window is said to be complete in every partition that was read. */
  readonly isClosed: boolean;
}

/** Which results are looked for. */
export interface ToldGroup {
  readonly metric: MetricDefinition;
  readonly startMs: number;
  /** As `groupJsonText` gives it. */
  readonly groupText: string;
  /** Partitions of `metrics` in which it may stand. */
  readonly partitions: readonly number[];
}

/**
 * Reads what was told of a group and window, from the first record that can be about it to the one that says that the
 * window is complete: what stands behind that are copies.
 *
 * @param breathe awaited now and then
 */
export async function readToldHistory(
  reader: LogReader,
  definition: StreamDefinition,
  { metric, startMs, groupText, partitions }: ToldGroup,
  breathe: () => Promise<void>,
): Promise<ToldHistory> {
  const { topics, schema } = definition;
  const history = new History();
  let closed = 0;
  for (const partition of partitions) {
    const oldestMs = startMs - schema.eventTime.futureToleranceMs - CLOCK_SLACK_MS;
    const end = await reader.end(topics.metrics, partition);
    const from =
      oldestMs > 0
        ? ((await reader.offsetAtOrAfter(topics.metrics, partition, oldestMs)) ?? end)
        : await reader.begin(topics.metrics, partition);
    let read = 0;
    for await (const record of recordsBetween(reader, topics.metrics, partition, from, end)) {
      if (++read % BREATHE_EVERY === 0) await breathe();
      const key = record.key && readMetricsKey(record.key);
      if (key?.identity !== metric.identity || key.startMs !== startMs) continue;
      if (key.of === 'closed') {
        closed += 1;
        break;
      }
      if (key.of === 'final') history.noteTrace(partition, record.headers);
      if (key.of !== 'late-count' && key.rest === groupText) history.add(partition, record);
    }
  }
  const isClosed = closed === partitions.length;
  const told = history.told(isClosed);
  return { ...history.kept(), told, finalTraceId: told && history.traceOf(told), isClosed };
}

const BREATHE_EVERY = 10_000;

class History {
  private readonly first: ToldResult[] = [];
  private newest: ToldResult[] = [];
  private count = 0;
  private final: ToldResult | null = null;
  private provisional: ToldResult | null = null;
  /** By partition. */
  private readonly traces = new Map<number, string>();

  add(partition: number, record: LogRecord): void {
    const result = decodeMetricsRecord(record);
    if (result.kind !== 'result' || !record.value) return; // tombstones of provisionals say nothing of a value
    const { offset, timestampMs: appendMs, value } = record;
    const told: ToldResult = { partition, offset, appendMs, result, value };
    this.count += 1;
    if (this.first.length < FIRST_KEPT) this.first.push(told);
    else this.newest = [...this.newest.slice(this.newest.length === NEWEST_KEPT ? 1 : 0), told];
    if (result.final) this.final ??= told;
    else if (result.revision >= (this.provisional?.result.revision ?? 0)) this.provisional = told;
  }

  /** Takes the headers of a final of the window, of whatever group: the first of a block has those of all. */
  noteTrace(partition: number, headers: RecordHeaders): void {
    if (this.traces.has(partition)) return;
    const traceId = sampledTraceId(headers);
    if (traceId !== null) this.traces.set(partition, traceId);
  }

  kept(): Pick<ToldHistory, 'revisions' | 'leftOut'> {
    const revisions = [...this.first, ...this.newest];
    return { revisions, leftOut: this.count - revisions.length };
  }

  /** Of a final. */
  traceOf({ partition, result }: ToldResult): string | null {
    return result.final ? (this.traces.get(partition) ?? null) : null;
  }

  /** A closed window has no provisionals. */
  told(isClosed: boolean): ToldResult | null {
    if (this.final || isClosed) return this.final;
    return this.provisional?.result.retracted === false ? this.provisional : null;
  }
}
