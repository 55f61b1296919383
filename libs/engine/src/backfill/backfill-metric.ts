import type { StreamDefinition } from '@tillstream/contracts';
import { encodeBackfill } from '@tillstream/contracts';
import type { MetricDefinition } from '@tillstream/core';
import { isSession, isTotal, lookbackMs, oldestOpenStart } from '@tillstream/core';
import { readDefinitions } from '../definitions/definition-history';
import type { LogReader, LogWriter } from '../ports/log';
import type { WantedRows } from '../recompute/open-feeds';
import { findStarts, openFeeds } from '../recompute/open-feeds';
import type { RecomputedWindow } from '../recompute/recomputation';
import { Recomputation } from '../recompute/recomputation';
import { OrderedAppender } from '../task/ordered-appender';
import { finalTurns } from '../verify/final-turns';
import type { WindowRange } from '../verify/standing-finals';
import { StandingTable, TooManyFinalsError } from '../verify/standing-table';
import type { ToldSpans } from '../verify/told-spans';
import { FinalsPublisher } from './finals-publisher';
import type { UntoldWindows } from './untold-spans';
import { untoldWindows } from './untold-spans';

const MOST_FINALS = 2_000_000;

export interface BackfillOptions {
  readonly reader: LogReader;
  readonly writer: LogWriter;
  /** The newest that was put live. */
  readonly definition: StreamDefinition;
  readonly metric: MetricDefinition;
  /** Windows that begin here or later are wanted; -Infinity: as many as raw can still give. */
  readonly fromMs: number;
  /** At most so many finals that stand already are held at once: a longer range is worked off in several turns. */
  readonly mostFinals?: number;
  /** Awaited now and then: lets others work, and throws to give up. */
  readonly breathe?: () => Promise<void>;
  readonly onProgress?: (progress: BackfillProgress) => void;
  /**
   * Asked when services have not come to the metric yet, or windows before those that they tell are still open. True: it is
   * worth looking again; false: what can be done is done.
   */
  readonly waitForMore: (awaited: Awaited) => Promise<boolean>;
}

/** What a backfill waits for. */
export type Awaited =
  | { readonly kind: 'services'; readonly partitions: readonly number[] }
  /** Windows that begin here or later, and before those that services tell, are not closed yet. */
  | { readonly kind: 'open windows'; readonly fromMs: number; readonly untilMs: number };

export interface BackfillProgress {
  /** Windows computed, finals published, and finals that stood there already. */
  readonly windows: number;
  readonly published: number;
  readonly standing: number;
  /** Raw records read, and to be read in this turn. */
  readonly rawDone: number;
  readonly rawTotal: number;
  /** Rows of raw read so far. */
  readonly rows: number;
}

export interface BackfillReport extends Pick<BackfillProgress, 'windows' | 'published' | 'standing' | 'rows'> {
  /** The metric is complete from here on; -Infinity: from the beginning. Null: not all is done. */
  readonly completeFromMs: number | null;
  /** Windows that begin here or later are told by services. -Infinity: all are, there was nothing to do. */
  readonly toldFromMs: number;
  /** What keeps it from being done; null: nothing. */
  readonly awaited: Awaited | null;
}

/** Raw no longer reaches as far back as was asked for. */
export class BackfillRangeError extends Error {
  override readonly name = 'BackfillRangeError';
  readonly code = 'BACKFILL_RANGE';

  constructor(
    /** Start of the first window that can still be computed. */
    readonly earliestMs: number,
  ) {
    super(`raw no longer holds all rows of windows that begin before epoch ms ${earliestMs}`);
  }
}

/**
 * Computes the windows of a metric that begin before those that services tell, from raw, with an enricher, aggregators and
 * merges of its own, and publishes their finals under the same identity: the bytes that services would have told had the metric
 * been declared all the time.
 *
 * Law: no window is published that services tell or will tell, and no final is published where another one stands. So it may run
 * beside them, be killed at any moment, and run again: what stands is not published twice. Last comes a record for each
 * partition that says from where on the metric is complete.
 *
 * Late counts are not made up: they are of rows that services have missed.
 *
 * @throws BackfillRangeError, NothingRetainedError when raw no longer reaches so far back; FinalStandsError when another
 * final stands in the place of one; RangeError for a running total, which has no finals
 */
export async function backfillMetric(options: BackfillOptions): Promise<BackfillReport> {
  const { reader, definition, metric, waitForMore } = options;
  if (isTotal(metric.window)) throw new RangeError(`${metric.name} is a running total: it has no finals`);
  let untold = await untoldWindows(reader, definition, metric);
  while (untold.behind.length > 0) {
    const awaited: Awaited = { kind: 'services', partitions: untold.behind };
    if (!(await waitForMore(awaited))) return unfinished(awaited);
    untold = await untoldWindows(reader, definition, metric);
  }
  return new Backfill(options, untold).run();
}

function unfinished(awaited: Awaited): BackfillReport {
  return { windows: 0, published: 0, standing: 0, rows: 0, completeFromMs: null, toldFromMs: Infinity, awaited };
}

/** A part of the range, and the finals of it that stand already. */
interface Turn {
  readonly fromMs: number;
  readonly toMs: number;
  readonly standing: StandingTable;
}

class Backfill {
  private readonly sums = { windows: 0, published: 0, standing: 0, rows: 0 };
  private readonly publishers: readonly OrderedAppender[];
  private readonly toldFromMs: number;
  /** By partition of `metrics`: windows that begin earlier are published, as far as services do not tell them. */
  private doneThroughMs: readonly number[] = [];

  constructor(
    private readonly options: BackfillOptions,
    private readonly untold: UntoldWindows,
  ) {
    const { writer, definition } = options;
    this.publishers = untold.untilMs.map((_, partition) => {
      return new OrderedAppender(writer, definition.topics.metrics, partition);
    });
    this.toldFromMs = Math.max(...untold.untilMs);
  }

  async run(): Promise<BackfillReport> {
    const { fromMs, metric, waitForMore } = this.options;
    if (fromMs >= this.toldFromMs || this.toldFromMs === -Infinity) return this.report(this.toldFromMs);
    const firstMs = (await findStarts(await this.wantedFrom(fromMs))).fromMs + this.lookback;
    if (firstMs > fromMs && fromMs !== -Infinity) throw new BackfillRangeError(this.windowAt(firstMs));
    const range = { metrics: [metric], fromMs: firstMs, toMs: this.toldFromMs };
    let completeMs = firstMs;
    for await (const { fromMs: turnMs, toMs, standing } of this.turns(range)) {
      completeMs = this.completeFrom(standing.spans, firstMs);
      if (this.isBackfilled(standing.spans, firstMs)) return this.report(completeMs);
      this.doneThroughMs = this.untold.untilMs.map(() => turnMs);
      for (let at = turnMs; ; at = Math.min(...this.doneThroughMs)) {
        await this.publish(at, toMs, standing);
        if (Math.min(...this.doneThroughMs) >= toMs) break;
        const awaited: Awaited = { kind: 'open windows', fromMs: Math.min(...this.doneThroughMs), untilMs: toMs };
        if (!(await waitForMore(awaited))) return { ...this.report(null), awaited };
      }
    }
    await this.tellComplete(completeMs);
    return this.report(completeMs);
  }

  /** Computes the windows of a range and publishes those that are closed, as far as they do not stand there. */
  private async publish(fromMs: number, toMs: number, standing: StandingTable): Promise<void> {
    const { definition, metric, onProgress, breathe } = this.options;
    const wanted = await this.wantedFrom(fromMs);
    const starts = await findStarts(wanted);
    const knownFromMs = starts.fromMs;
    const firstMs = knownFromMs + this.lookback;
    if (firstMs > fromMs) throw new BackfillRangeError(this.windowAt(firstMs)); // raw expires meanwhile
    const partitions = await openFeeds(wanted, starts, (_partition, { counts }) => {
      this.sums.rows += counts.rowsIn;
    });
    const recomputation = new Recomputation({
      ...{ definition, metrics: [metric], partitions, knownFromMs, fromMs, toMs },
      onProgress: () => {
        const progress = partitions.map(({ feed }) => feed.progress);
        onProgress?.({
          ...this.sums,
          rawDone: progress.reduce((sum, { from, next }) => sum + next - from, 0),
          rawTotal: progress.reduce((sum, { from, end }) => sum + end - from, 0),
        });
      },
    });
    const publisher = new FinalsPublisher(definition, standing, this.publishers, this.sums);
    for await (const window of recomputation.windows()) {
      if (this.isWanted(window)) await publisher.publish(window);
      await breathe?.();
    }
    await publisher.flush();
    const openFromMs = this.openFrom(recomputation.watermarkInputsMs);
    this.doneThroughMs = this.doneThroughMs.map((doneMs, partition) =>
      Math.min(toMs, Math.max(doneMs, openFromMs[partition] ?? doneMs)),
    );
  }

  private isWanted({ startMs, partition }: RecomputedWindow): boolean {
    const untilMs = this.untold.untilMs[partition] ?? -Infinity;
    return startMs < untilMs && startMs >= (this.doneThroughMs[partition] ?? -Infinity);
  }

  /** The range whole, with the finals of it that stand already; in turns, when they are more than may be held. */
  private async *turns(range: WindowRange): AsyncGenerator<Turn, void, void> {
    const { reader, definition, mostFinals = MOST_FINALS } = this.options;
    const read = (part: WindowRange, most: number): Promise<StandingTable> =>
      StandingTable.read(reader, definition, part, most, 0, () => undefined);
    const whole = await read(range, mostFinals).catch((error: unknown) => {
      if (error instanceof TooManyFinalsError) return null;
      throw error;
    });
    if (whole) return yield { ...range, standing: whole };
    for (const turn of await finalTurns(reader, definition, range, mostFinals)) {
      yield { ...turn, standing: await read({ ...range, ...turn }, Infinity) };
    }
  }

  /** By partition of `metrics`, no window that is not closed begins before this; Infinity where services tell it. */
  private openFrom(inputsMs: readonly number[]): number[] {
    const { window, outOfOrdernessMs, local } = this.options.metric;
    const open = inputsMs.map((inputMs) => oldestOpenStart(window, inputMs - outOfOrdernessMs));
    if (!local) return open.map(() => Math.min(...open));
    return open.map((startMs, partition) =>
      startMs < (this.untold.untilMs[partition] ?? -Infinity) ? startMs : Infinity,
    );
  }

  private isBackfilled(spans: ToldSpans, firstMs: number): boolean {
    const { identity } = this.options.metric;
    return this.untold.wholeFromMs.every((wholeMs, source) => {
      const before = spans.backfillOf(identity, source);
      return wholeMs === -Infinity || (before !== null && before.fromMs <= firstMs && before.untilMs >= wholeMs);
    });
  }

  /** From where on all partitions will be whole: what an earlier backfill has reached without a hole stays. */
  private completeFrom(spans: ToldSpans, firstMs: number): number {
    const bySource = this.untold.wholeFromMs.map((wholeMs, source) => {
      if (wholeMs === -Infinity) return wholeMs;
      const before = spans.backfillOf(this.options.metric.identity, source);
      return before && before.untilMs >= firstMs ? Math.min(before.fromMs, firstMs) : firstMs;
    });
    return Math.max(...bySource);
  }

  private async tellComplete(fromMs: number): Promise<void> {
    const { metric } = this.options;
    await Promise.all(
      this.publishers.map(async (appender, source) => {
        const untilMs = this.untold.wholeFromMs[source] ?? -Infinity;
        if (untilMs === -Infinity) return;
        appender.enqueue([encodeBackfill(metric, { fromMs, untilMs }, source)]);
        await appender.flush();
      }),
    );
  }

  private async wantedFrom(fromMs: number): Promise<WantedRows> {
    const { reader, definition, breathe } = this.options;
    const history = await readDefinitions(reader, definition); // others may come while this goes on
    return { reader, definition, history, source: 'raw', fromMs: fromMs - this.lookback, ...(breathe && { breathe }) };
  }

  /** Sessions need what was before them. */
  private get lookback(): number {
    return lookbackMs(this.options.metric.window);
  }

  /** Start of the first window at or after an instant; sessions begin anywhere. */
  private windowAt(ms: number): number {
    const { window } = this.options.metric;
    return isSession(window) ? ms : Math.ceil(ms / window.hopMs) * window.hopMs;
  }

  private report(completeFromMs: number | null): BackfillReport {
    return { ...this.sums, completeFromMs, toldFromMs: this.toldFromMs, awaited: null };
  }
}
