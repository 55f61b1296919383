import type { MetricDefinition, StreamSchema } from '@tillstream/core';
import { isTotal, lookbackMs } from '@tillstream/core';
import type { NewRecord, StreamDefinition } from '@tillstream/contracts';
import { encodeResults } from '@tillstream/contracts';
import { readDefinitions } from '../definitions/definition-history';
import type { LogReader } from '../ports/log';
import { NothingRetainedError } from '../recompute/feed-start';
import type { FeedStarts, WantedRows } from '../recompute/open-feeds';
import { findStarts, openFeeds } from '../recompute/open-feeds';
import type { RecomputedPartition, RecomputedWindow } from '../recompute/recomputation';
import { Recomputation } from '../recompute/recomputation';
import type { StreamPart } from '../recompute/stream-parts';
import { streamParts } from '../recompute/stream-parts';
import { readRange } from '../task/log-tail';
import type { FinalBytes, FinalDifference } from './difference';
import { differenceOf } from './difference';
import { finalTurns } from './final-turns';
import { StandingTable, TooManyFinalsError } from './standing-table';

export interface VerifyOptions {
  readonly reader: LogReader;
  readonly definition: StreamDefinition;
  /** Of the definition, whatever they are computed over. */
  readonly metrics: readonly MetricDefinition[];
  /** Windows that begin in [fromMs, toMs); infinite: all that there are. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly fromTheBeginning?: boolean;
  /** At most so many finals are held at once: a longer range is worked off in several turns. */
  readonly mostFinals?: number;
  readonly onProgress?: (progress: VerifyProgress) => void;
}

export interface VerifyProgress {
  readonly phase: 'reading finals' | 'computing again';
  /** Finals found, and of how many raw has given the same bytes. */
  readonly finals: number;
  readonly equal: number;
  /** Raw records read, and to be read in this turn. */
  readonly rawDone: number;
  readonly rawTotal: number;
  /** Rows of raw read so far. */
  readonly rows: number;
}

export interface VerifyReport {
  /** Finals that stand in the range, and of how many of them raw gives the same bytes. */
  readonly compared: number;
  readonly equal: number;
  /** Pairs of metric and window that were computed again. */
  readonly windows: number;
  /** Rows of raw that were read. */
  readonly rows: number;
  readonly counts: Readonly<Record<FinalDifference['kind'], number>>;
  /** By window start; no more than the first ones found. */
  readonly differences: readonly FinalDifference[];
  /** Finals that raw gives and whose windows are not closed there yet: services have not come so far. */
  readonly awaited: number;
  /** Finals that raw gives of windows so old that `metrics` has let them go. */
  readonly expired: number;
  /** Windows that begin before this could not be computed: raw no longer holds what they need. Infinity: none could. */
  readonly verifiedFromMs: number;
  /** Why not; null where all could. */
  readonly unverified: string | null;
  /** By identity, finals that stand in the range. */
  readonly byMetric: ReadonlyMap<string, number>;
}

const MOST_FINALS = 2_000_000;
const MOST_DIFFERENCES = 1_000;
const EMPTY = new Uint8Array(0);

/**
 * Computes every final of a range from raw once more, with an enricher, aggregators and merges of its own, and compares
 * byte for byte with what stands in `metrics`: every copy of it, since compaction keeps the last.
 */
export async function verifyFinals(options: VerifyOptions): Promise<VerifyReport> {
  const { reader, definition, fromMs, toMs, mostFinals = MOST_FINALS } = options;
  const run = new Verification(options);
  // A running total has no finals.
  const metrics = options.metrics.filter(({ window }) => !isTotal(window));
  for (const part of streamParts(definition, metrics)) {
    try {
      await run.verify(part, fromMs, toMs, mostFinals);
    } catch (error) {
      if (!(error instanceof TooManyFinalsError)) throw error;
      // What a turn holds by now it may hold: finals go on coming while it is divided.
      const range = { metrics: part.metrics, fromMs, toMs };
      for (const turn of await finalTurns(reader, definition, range, mostFinals)) {
        await run.verify(part, turn.fromMs, turn.toMs, Infinity);
      }
    }
  }
  return run.report();
}

/** What is found out in one turn or several. */
class Verification {
  private readonly counts = { differs: 0, missing: 0, surplus: 0 };
  private readonly differences: FinalDifference[] = [];
  private readonly byMetric = new Map<string, number>();
  private readonly sums = { compared: 0, equal: 0, windows: 0, rows: 0, awaited: 0, expired: 0 };
  private verifiedFromMs: number;
  private unverified: string | null = null;

  constructor(private readonly options: VerifyOptions) {
    this.verifiedFromMs = options.fromMs;
  }

  /** One turn. @throws TooManyFinalsError, with nothing counted, when more finals stand in the range than may be held */
  async verify(part: StreamPart, fromMs: number, toMs: number, mostFinals: number): Promise<void> {
    const { reader, definition, fromTheBeginning } = this.options;
    const { stream, derived, metrics } = part;
    const lookback = Math.max(0, ...metrics.map(({ window }) => lookbackMs(window)));
    const wanted: WantedRows = {
      reader,
      definition,
      history: await readDefinitions(reader, definition),
      source: 'raw',
      fromMs: fromMs - lookback,
      fromTheBeginning: fromTheBeginning ?? false,
      ...(derived && { derived }),
    };
    const starts = await this.findStarts(wanted, lookback);
    const firstMs = starts === null ? Infinity : starts.fromMs + lookback;
    if (!starts || firstMs >= toMs) return;
    const range = { metrics, fromMs: firstMs, toMs };
    const tell = (finals: number): void => this.tell('reading finals', finals, []);
    const standing = await StandingTable.read(reader, definition, range, mostFinals, MOST_DIFFERENCES, tell);
    // Opened when the finals have been read: every one of them comes of records that stand in raw by now.
    const partitions = await openFeeds(wanted, starts, (_partition, { counts }) => {
      this.sums.rows += counts.rowsIn;
    });
    const recomputation = new Recomputation({
      definition: stream,
      metrics,
      partitions,
      knownFromMs: starts.fromMs,
      fromMs: firstMs,
      toMs,
      onProgress: () => this.tell('computing again', standing.count, partitions),
    });
    for await (const window of recomputation.windows()) await this.compare(window, standing, stream.schema);
    for (const place of standing.unseen()) await this.noteAt('surplus', place, null);
    this.sums.compared += standing.count;
    for (const [identity, count] of standing.byMetric) {
      this.byMetric.set(identity, (this.byMetric.get(identity) ?? 0) + count);
    }
  }

  report(): VerifyReport {
    const { sums, counts, verifiedFromMs, unverified, byMetric } = this;
    const differences = [...this.differences].sort((a, b) => a.startMs - b.startMs);
    return { ...sums, counts, differences, verifiedFromMs, unverified, byMetric };
  }

  /** Null: not one window can be computed any more. */
  private async findStarts(wanted: WantedRows, lookback: number): Promise<FeedStarts | null> {
    try {
      const starts = await findStarts(wanted);
      if (starts.fromMs > wanted.fromMs) {
        const { raw } = wanted.definition.topics;
        this.noteUnverified(starts.fromMs + lookback, `${raw} no longer holds all that earlier windows are made of`);
      }
      return starts;
    } catch (error) {
      if (!(error instanceof NothingRetainedError)) throw error;
      this.noteUnverified(Infinity, error.message);
      return null;
    }
  }

  private noteUnverified(fromMs: number, why: string): void {
    this.verifiedFromMs = Math.max(this.verifiedFromMs, fromMs);
    this.unverified = why;
  }

  private async compare(window: RecomputedWindow, standing: StandingTable, schema: StreamSchema): Promise<void> {
    const { metric, startMs, endMs, partition, results } = window;
    const isTold = standing.spans.isTold(metric, partition, startMs);
    if (isTold) this.sums.windows += 1;
    if (!results) return;
    for (const record of encodeResults(results, schema)) {
      const bytes = finalBytes(record);
      const { found, copies } = standing.check(partition, bytes.key, bytes.value);
      if (found === 'equal') this.sums.equal += 1;
      else if (found !== 'missing') await this.noteAt('differs', found, bytes);
      else if (isTold) this.noteAbsent(standing.absence(partition, metric.identity, endMs), partition, bytes);
      for (const { offset, value } of copies) {
        if (Buffer.compare(value, bytes.value) === 0) continue;
        this.note('differs', () => differenceOf('differs', partition, offset, { key: bytes.key, value }, bytes));
      }
    }
  }

  private noteAbsent(absence: ReturnType<StandingTable['absence']>, partition: number, bytes: FinalBytes): void {
    if (absence === 'missing') this.note('missing', () => differenceOf('missing', partition, null, null, bytes));
    else this.sums[absence] += 1;
  }

  private async noteAt(
    kind: FinalDifference['kind'],
    { partition, offset }: { readonly partition: number; readonly offset: number },
    recomputed: FinalBytes | null,
  ): Promise<void> {
    if (this.differences.length >= MOST_DIFFERENCES) {
      this.counts[kind] += 1;
      return;
    }
    const { reader, definition } = this.options;
    const [record] = await readRange(reader, definition.topics.metrics, partition, offset, offset + 1);
    this.note(kind, () => differenceOf(kind, partition, offset, record ? finalBytes(record) : null, recomputed));
  }

  private note(kind: FinalDifference['kind'], describe: () => FinalDifference): void {
    this.counts[kind] += 1;
    if (this.differences.length < MOST_DIFFERENCES) this.differences.push(describe());
  }

  private tell(phase: VerifyProgress['phase'], finals: number, partitions: readonly RecomputedPartition[]): void {
    const progress = partitions.map(({ feed }) => feed.progress);
    this.options.onProgress?.({
      phase,
      finals: this.sums.compared + finals,
      equal: this.sums.equal,
      rawDone: progress.reduce((sum, { from, next }) => sum + next - from, 0),
      rawTotal: progress.reduce((sum, { from, end }) => sum + end - from, 0),
      rows: this.sums.rows,
    });
  }
}

function finalBytes({ key, value }: Pick<NewRecord, 'key' | 'value'>): FinalBytes {
  return { key: key ?? EMPTY, value: value ?? EMPTY };
}
