import { endOf, sliceBehind, startOf } from '../windowing/sliced-windows';
import { isTotal, lastsMs } from '../windowing/window-spec';
import type { ByteWriter } from './checkpoint/byte-writer';
import { DistinctCounter } from './measures/distinct-counter';
import { GroupTable } from './groups/group-table';
import type { FieldKeySpace, KeySpace } from './groups/key-space';
import type { KeySpaces } from './groups/key-spaces';
import type { DistinctPart, MetricPlan } from './plan/metric-plan';
import type { MetricSpan } from './metric-span';
import { spans } from './metric-span';
import { RunningWindow } from './results/running-window';
import { SentGroups } from './results/sent-groups';
import { Slice } from './slices/slice';
import type { SliceOwner } from './slices/slice-codec';
import { TopTable } from './measures/top-table';

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
export class MetricState implements SliceOwner {
  readonly slices = new Map<number, Slice>();
  readonly space: KeySpace;
  readonly groups: GroupTable;
  /** Sums of the slices that the oldest open window shares with the one before it: all of its slices but those of the newest hop. */
  readonly running: RunningWindow;
  readonly counters: readonly DistinctCounter[];
  readonly distincts: readonly DistinctCount[];
  /** What the values of each `top` of the plan are ids of. */
  readonly topMembers: readonly FieldKeySpace[];
  /** Null unless results are sent from here and can be taken back. */
  readonly sent: SentGroups | null;
  /** The oldest window that is not closed. */
  firstOpen = -Infinity;
  private readonly isTotal: boolean;

  constructor(
    readonly plan: MetricPlan,
    spaces: KeySpaces,
    /** Windows that begin earlier may lack rows: they are closed in silence. */
    readonly completeFromMs: number,
    /** Windows outside are not whole: they are closed in silence too, and rows that come too late for them are not told. */
    readonly span: MetricSpan,
  ) {
    this.isTotal = isTotal(plan.metric.window);
    this.space = spaces.group(plan.metric.groupBy);
    this.groups = new GroupTable(this.space);
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
    this.topMembers = plan.tops.map(({ field }) => spaces.field(field));
    this.sent = plan.metric.local && plan.metric.having !== null ? new SentGroups() : null;
  }

  /** Slices that hold rows, oldest first. */
  sortedSlices(): Slice[] {
    return [...this.slices.values()].sort((a, b) => a.index - b.index);
  }

  /** The slice of a number, a new one if it has no rows yet. */
  slice(index: number): Slice {
    let slice = this.slices.get(index);
    if (!slice) {
      const tops = this.plan.tops.map(({ kind, maxBytes, top }) => {
        return new TopTable(kind, this.topMembers[top] as FieldKeySpace, maxBytes);
      });
      slice = new Slice(index, this.plan, this.slices.get(index - 1) ?? null, tops);
      this.slices.set(index, slice);
    }
    return slice;
  }

  /** Is a slice part of `running`? */
  isRunning(slice: number): boolean {
    return slice < sliceBehind(this.plan.windows, this.firstOpen - 1);
  }

  /** Forgets a slice that no open window holds. */
  drop(slice: Slice): void {
    this.slices.delete(slice.index);
    for (const counter of this.counters) counter.drop(slice);
    for (const table of slice.tops) table.release();
    for (let entry = 0; entry < slice.count; entry++) this.groups.release(slice.slots[entry] as number);
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

  /** A watermark here has closed all windows that the metric has whole: a retired metric takes no note of late rows any more. */
  get runsOutMs(): number {
    return this.span.untilMs === -Infinity ? -Infinity : this.span.untilMs + lastsMs(this.plan.metric.window);
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

  /** Appends the group key of a slot. */
  readonly writeKey = (slot: number, writer: ByteWriter): void => {
    this.space.write(this.groups.key(slot), writer);
  };
}
