import type { StreamSchema } from '../../stream/schema';
import { endOf, startOf } from '../../windowing/sliced-windows';
import { isTotal } from '../../windowing/window-spec';
import { ConditionSet } from '../plan/condition-set';
import type { MetricDefinition } from '../definition';
import { MergeWindow } from './merge-window';
import type { MetricPlan } from '../plan/metric-plan';
import { planMetric } from '../plan/metric-planner';
import type { MetricSpan } from '../metric-span';
import { ALWAYS, NEVER, spans } from '../metric-span';
import type { PartBlock, ResultBlock } from '../output';
import { ResultBuilder } from '../results/result-builder';

export interface WindowMergeOptions {
  readonly schema: StreamSchema;
  readonly metrics: readonly MetricDefinition[];
  /** How many partitions send parts. */
  readonly partitions: number;
  /** Watermark input of each source, as saved together with the low-water offset. */
  readonly frontiers?: readonly number[];
  /** Windows that end at or before this are left alone: some of their parts may no longer be there. */
  readonly publishAfterEndMs?: number;
  /** Metrics that are no longer declared: sources that do not know them never will. */
  readonly retired?: ReadonlySet<string>;
}

/** As long as a source has not said otherwise, it has all windows of a metric whole. */
type Spans = Map<number, MetricSpan>;

/** A window that every partition has closed. */
export interface MergedWindow {
  readonly metric: MetricDefinition;
  readonly startMs: number;
  readonly endMs: number;
  /** Null when no group satisfies `having`, or a source has not all of the window. */
  readonly results: ResultBlock | null;
}

interface MergedMetric {
  readonly plan: MetricPlan;
  readonly results: ResultBuilder;
  /** By window number. */
  readonly windows: Map<number, MergeWindow>;
  /** By source. */
  readonly spans: Spans;
  readonly isRetired: boolean;
  /** A source does not know the metric yet: what it says of its time, it says of the metrics that it knows. */
  isAwaited: boolean;
}

/**
 * Puts the parts of all partitions together. A window is final when the slowest partition has passed its end: by then
 * each has sent its frozen part, so what is told does not depend on the order in which parts arrived.
 */
export class WindowMerge {
  private readonly merged: ReadonlyMap<string, MergedMetric>;
  private readonly sources: number[];
  private readonly publishAfterEndMs: number;

  /** @throws RangeError for metrics that cannot be computed, or frontiers of another number of partitions */
  constructor({ schema, metrics, partitions, frontiers, publishAfterEndMs, retired }: WindowMergeOptions) {
    if (frontiers && frontiers.length !== partitions) {
      throw new RangeError(`there are ${partitions} partitions, but ${frontiers.length} frontiers`);
    }
    this.sources = frontiers ? [...frontiers] : Array.from({ length: partitions }, () => -Infinity);
    this.publishAfterEndMs = publishAfterEndMs ?? -Infinity;
    const conditions = new ConditionSet();
    this.merged = new Map(
      metrics.flatMap((metric, order) => {
        if (metric.local) return [];
        const plan = planMetric(metric, order, schema, conditions);
        return [
          [
            metric.identity,
            {
              ...{ plan, results: new ResultBuilder(plan), windows: new Map(), spans: new Map() },
              isRetired: retired?.has(metric.identity) ?? false,
              isAwaited: false,
            },
          ] as const,
        ];
      }),
    );
  }

  /**
   * Takes a part that stands at `offset` of the parts topic. Parts of unknown metrics and of closed windows are ignored.
   *
   * @throws RangeError for a part that is cut short or was written by a later version
   */
  applyPart(source: number, part: PartBlock, offset: number): void {
    const metric = this.merged.get(part.metric);
    if (!metric || part.endMs <= this.publishAfterEndMs || this.isClosed(metric, part.endMs)) return;
    const ofTotal = isTotal(metric.plan.metric.window);
    if (ofTotal && !isCounting(metric.spans.get(source) ?? ALWAYS)) return;
    const window = ofTotal ? 0 : part.startMs / metric.plan.windows.hopMs;
    let merging = metric.windows.get(window);
    if (!merging) {
      merging = new MergeWindow(metric.plan, this.sources.length);
      metric.windows.set(window, merging);
    }
    merging.apply(source, part, offset);
  }

  /** A source has sent all it has to say about windows that end, by their metric's watermark, at or before its input. */
  applyFrontier(source: number, watermarkInputMs: number): void {
    this.sources[source] = Math.max(this.sources[source] ?? -Infinity, watermarkInputMs);
  }

  /** A source has said which windows of a metric it has whole: none is told that one of the sources has not. */
  applySpan(source: number, identity: string, span: MetricSpan): void {
    const merged = this.merged.get(identity);
    if (!merged) return;
    merged.spans.set(source, span);
    merged.isAwaited = !merged.isRetired && [...merged.spans.values()].some(({ fromMs }) => fromMs === NEVER.fromMs);
    if (!isTotal(merged.plan.metric.window) || isCounting(span)) return;
    for (const window of merged.windows.values()) window.forget(source);
  }

  /** Takes some groups of a total for changed: of `turns` calls with the turns from 0 on each group is told once more by one. */
  retell({ identity }: MetricDefinition, turn: number, turns: number): void {
    for (const window of this.merged.get(identity)?.windows.values() ?? []) window.retell(turn, turns);
  }

  /** Windows that the last source has closed since the last call, by end and then by metric. */
  takeClosed(): MergedWindow[] {
    const closed: { readonly order: number; readonly window: MergedWindow }[] = [];
    for (const merged of this.merged.values()) {
      const { metric, order, windows } = merged.plan;
      for (const [window, merging] of merged.windows) {
        const startMs = startOf(windows, window);
        const endMs = endOf(windows, window);
        if (!this.isClosed(merged, endMs)) continue;
        const head = { startMs, endMs, final: true, revision: merging.revision };
        const isWhole = this.isWhole(merged, startMs);
        const results = isWhole ? merged.results.build(merging.all(), head, merging.writeKey, null) : null;
        closed.push({ order, window: { metric, startMs, endMs, results } });
        merged.windows.delete(window);
      }
    }
    closed.sort((a, b) => a.window.endMs - b.window.endMs || a.order - b.order);
    return closed.map(({ window }) => window);
  }

  /** Pairs of group and open window that have changed since provisional results were last taken. */
  provisionalSize({ identity }: MetricDefinition): number {
    const merged = this.merged.get(identity);
    if (!merged) return 0;
    return this.openWindows(merged).reduce((sum, [, merging]) => sum + merging.changedCount, 0);
  }

  /** What has changed in open windows since the last call, oldest window first. */
  takeProvisional({ identity }: MetricDefinition): ResultBlock[] {
    const merged = this.merged.get(identity);
    if (!merged) return [];
    return this.openWindows(merged)
      .filter(([, merging]) => merging.changedCount > 0)
      .flatMap(([window, merging]) => {
        const startMs = startOf(merged.plan.windows, window);
        const head = { startMs, endMs: endOf(merged.plan.windows, window), final: false, revision: merging.revision };
        const sent = merged.plan.metric.having === null ? null : merging.sentBefore;
        return merged.results.build(merging.takeChanged(), head, merging.writeKey, sent) ?? [];
      });
  }

  /** Offset of the oldest part that a window not yet told consists of; null when there is none. */
  lowWater(): number | null {
    let lowest = Infinity;
    for (const { windows } of this.merged.values()) {
      for (const merging of windows.values()) lowest = Math.min(lowest, merging.lowestOffset);
    }
    return lowest === Infinity ? null : lowest;
  }

  /** Watermark input of each source; -Infinity for one never heard of. */
  frontiers(): number[] {
    return [...this.sources];
  }

  private openWindows(merged: MergedMetric): [number, MergeWindow][] {
    const { hopMs, sizeMs } = merged.plan.windows;
    return [...merged.windows]
      .filter(([window]) => !this.isClosed(merged, window * hopMs + sizeMs) && this.isWhole(merged, window * hopMs))
      .sort(([a], [b]) => a - b);
  }

  /** A total is told when every source counts, from wherever each of them does. */
  private isWhole({ spans: bySource, plan }: MergedMetric, startMs: number): boolean {
    const ofTotal = isTotal(plan.metric.window);
    for (const span of bySource.values()) {
      if (ofTotal ? !isCounting(span) : !spans(span, startMs)) return false;
    }
    return true;
  }

  private isClosed({ plan, isAwaited }: MergedMetric, endMs: number): boolean {
    if (isAwaited) return false;
    return endMs <= Math.min(...this.sources) - plan.metric.outOfOrdernessMs;
  }
}

/** Does a source go on counting a total? It does not know it yet, or no longer. */
function isCounting({ fromMs, untilMs }: MetricSpan): boolean {
  return fromMs !== Infinity && untilMs === Infinity;
}
