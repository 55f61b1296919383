import { endOf, sliceBehind, startOf } from '../windowing/sliced-windows';
import { isTotal } from '../windowing/window-spec';
import { DistinctCounter } from './measures/distinct-counter';
import type { FieldKeySpace } from './groups/key-space';
import type { KeySpaces } from './groups/key-spaces';
import type { DistinctPart, MetricPlan } from './plan/metric-plan';
import type { MetricSpan } from './metric-span';
import { spans } from './metric-span';
import { MetricSlices } from './metric-slices';
import { RunningWindow } from './results/running-window';
import { SentGroups } from './results/sent-groups';
import type { Slice } from './slices/slice';
import type { SliceOwner } from './slices/slice-codec';

/** A distinct count of the plan: its counter (shared by all counts of a field) and its number there. */
export interface DistinctCount {
  readonly part: DistinctPart;
  readonly counter: DistinctCounter;
  readonly members: FieldKeySpace;
  readonly count: number;
}

/**
 * What one metric remembers of its open windows: their slices, groups and members, and nothing of those that are closed.
 */
export class MetricState extends MetricSlices implements SliceOwner {
  /** Sums of the slices that the oldest open window shares with the one before it: all of its slices but those of the newest hop. */
  readonly running: RunningWindow;
  readonly counters: readonly DistinctCounter[];
  readonly distincts: readonly DistinctCount[];
  /** Null unless results are sent from here and can be taken back. */
  readonly sent: SentGroups | null;
  /** The oldest window that is not closed. */
  firstOpen = -Infinity;
  private readonly isTotal: boolean;

  constructor(plan: MetricPlan, spaces: KeySpaces, completeFromMs: number, span: MetricSpan) {
    super(plan, spaces, completeFromMs, span);
    this.isTotal = isTotal(plan.metric.window);
    this.running = new RunningWindow(plan);
    const grouped = plan.metric.groupBy.length > 0;
    const distincts: DistinctCount[] = [];
    this.counters = plan.distincts.map(({ field, parts }) => {
      const members = spaces.field(field);
      const counter = new DistinctCounter(plan.windows, members, parts.length, distincts.length, grouped);
      parts.forEach((part, count) => distincts.push({ part, counter, members, count }));
      return counter;
    });
    this.distincts = distincts;
    this.sent = plan.metric.local && plan.metric.having !== null ? new SentGroups() : null;
  }

  /** Slices that hold rows, oldest first. */
  sortedSlices(): Slice[] {
    return [...this.slices.values()].sort((a, b) => a.index - b.index);
  }

  /** Is a slice part of `running`? */
  isRunning(slice: number): boolean {
    return slice < sliceBehind(this.plan.windows, this.firstOpen - 1);
  }

  /** Forgets a slice that no open window holds. */
  override drop(slice: Slice): void {
    for (const counter of this.counters) counter.drop(slice);
    super.drop(slice);
    if (this.groups.size === 0) this.running.reset();
  }

  /** The oldest window whose results may be told. */
  get firstTold(): number {
    return Math.max(this.firstOpen, this.firstFrom(Math.max(this.completeFromMs, this.span.fromMs)));
  }

  /** The newest window whose results may be told. */
  get lastTold(): number {
    return this.firstFrom(this.span.untilMs) - 1;
  }

  /** The oldest window that rows can be late for. */
  get firstSpanned(): number {
    return this.firstFrom(this.span.fromMs);
  }

  /** May the results of a window be told? */
  isTold(window: number): boolean {
    const startMs = this.startOf(window);
    return startMs >= this.completeFromMs && spans(this.span, startMs);
  }

  /** A total counts rows from here on: from before, some may be missing. */
  get countedFromMs(): number {
    return this.isTotal ? Math.max(this.completeFromMs, this.span.fromMs) : -Infinity;
  }

  /** The oldest window that begins at `startMs` or later; a total is told wherever it begins. */
  private firstFrom(startMs: number): number {
    if (this.isTotal && Number.isFinite(startMs)) return 0;
    return Math.ceil(startMs / this.plan.windows.hopMs);
  }

  startOf(window: number): number {
    return startOf(this.plan.windows, window);
  }

  endOf(window: number): number {
    return endOf(this.plan.windows, window);
  }
}
