import { grownDoubles } from '../../windowing/grow';
import { TimerQueue } from '../../windowing/timer-queue';
import { unsureMs } from '../../windowing/window-spec';
import type { KeySpaces } from '../groups/key-spaces';
import type { MetricPlan, SessionPart } from '../plan/metric-plan';
import { ROWS } from '../plan/metric-plan';
import type { MetricSpan } from '../metric-span';
import { spans } from '../metric-span';
import { MetricSlices } from '../metric-slices';
import type { Slice } from '../slices/slice';
import type { SliceOwner } from '../slices/slice-codec';

const NONE = -1;

/** A session that is open, or about to be closed. */
export interface Session {
  readonly firstMs: number;
  readonly lastMs: number;
  /** Its slices are those from `fromSlice` to `toSlice`. */
  readonly fromSlice: number;
  readonly toSlice: number;
  /** As results tell it. */
  readonly endMs: number;
  /** The watermark that closes it. */
  readonly closesAtMs: number;
  /** It goes on behind its end, or may: it was cut, and did not end by itself. */
  readonly isCut: boolean;
}

/**
 * What a metric of sessions remembers of them. A row is kept in the slice of its time, which is as wide as the gap; slices of a
 * group that follow each other are of one session if the last event of each is at most the gap before the first of the next.
 * So a row that comes out of order opens, extends or joins sessions without anything being done about it.
 */
export class SessionState extends MetricSlices implements SliceOwner {
  readonly distincts = [];
  readonly counters = [];
  /** For each group that has an open session a time at which the watermark closes it, or before. */
  readonly timers = new TimerQueue();
  readonly part: SessionPart;
  /** No slice with rows is newer. */
  private newest = -Infinity;
  /** Entries with rows, by slice. */
  private readonly openEntries = new Map<number, number>();
  /** By slot: the oldest slice in which the group has rows. */
  private oldest = new Float64Array(0);
  /** By slot, of the group's newest closed session: when it began, up to where all is closed with it, and its last event if it was cut. */
  private closedStarts = new Float64Array(0);
  private closedThrough = new Float64Array(0);
  private cutLast = new Float64Array(0);

  constructor(
    plan: MetricPlan & { readonly session: SessionPart },
    spaces: KeySpaces,
    completeFromMs: number,
    span: MetricSpan,
  ) {
    super(plan, spaces, completeFromMs, span);
    this.part = plan.session;
  }

  /** Notes the time of a row that is about to be added to an entry. */
  noteTime(slice: Slice, entry: number, timeMs: number): void {
    const { cells } = slice;
    const at = entry * this.plan.width + this.part.at;
    const first = cells[at] as number;
    if (Number.isNaN(first)) {
      cells[at] = timeMs;
      cells[at + 1] = timeMs;
      this.noteOpen(slice.index, slice.slots[entry] as number);
    } else if (timeMs < first) cells[at] = timeMs;
    else if (timeMs > (cells[at + 1] as number)) cells[at + 1] = timeMs;
  }

  /** Sees to it that the session of an entry is looked at in time. */
  setTimer(slice: Slice, entry: number): void {
    const slot = slice.slots[entry] as number;
    if (slice.index > (this.oldest[slot] as number)) return; // an older one is looked at before
    const { gapMs, cutSlices } = this.part;
    const line = (Math.floor(slice.index / cutSlices) + 1) * cutSlices * gapMs;
    this.timers.advance(slot, Math.min(this.lastOf(slice, entry) + gapMs + 1, line));
  }

  /** The oldest open session of a group; null: it has none. */
  oldestSession(slot: number): Session | null {
    const { gapMs, cutSlices } = this.part;
    const fromSlice = this.oldest[slot] as number;
    if (fromSlice === Infinity) return null;
    const key = this.groups.key(slot);
    const slice = this.slices.get(fromSlice) as Slice;
    const entry = slice.find(key);
    const firstMs = this.firstOf(slice, entry);
    // It has crossed the line at which the one before it was cut; else it has to cross the next line first.
    const isContinued = firstMs <= (this.cutLast[slot] as number) + gapMs;
    const cutSlice = (Math.floor(fromSlice / cutSlices) + (isContinued ? 1 : 2)) * cutSlices;
    let toSlice = fromSlice;
    let lastMs = this.lastOf(slice, entry);
    while (toSlice + 1 < cutSlice) {
      const next = this.slices.get(toSlice + 1);
      const nextEntry = next === undefined ? NONE : next.find(key);
      if (next === undefined || !this.hasRows(next, nextEntry)) break;
      if (this.firstOf(next, nextEntry) - lastMs > gapMs) break;
      toSlice++;
      lastMs = this.lastOf(next, nextEntry);
    }
    const lineMs = cutSlice * gapMs;
    const isCut = lastMs + gapMs >= lineMs;
    return {
      ...{ firstMs, lastMs, fromSlice, toSlice, isCut },
      endMs: Math.min(lastMs + gapMs, lineMs),
      closesAtMs: Math.min(lastMs + gapMs + 1, lineMs),
    };
  }

  /** Forgets the rows of a group's oldest session, and remembers that it is closed. */
  close(slot: number, { firstMs, lastMs, fromSlice, toSlice, endMs, isCut }: Session): void {
    const key = this.groups.key(slot);
    const through = isCut ? endMs - 1 : endMs;
    for (let index = fromSlice; index <= toSlice; index++) {
      const slice = this.slices.get(index) as Slice;
      const entry = slice.find(key);
      slice.clear(entry);
      if (index === toSlice) {
        slice.cells.set([firstMs, lastMs, through], entry * this.plan.width + this.part.at);
      }
      this.openEntries.set(index, (this.openEntries.get(index) as number) - 1);
    }
    this.noteClosed(slot, firstMs, lastMs, through);
    this.oldest[slot] = this.nextWithRows(key, toSlice + 1);
  }

  /** Start of the closed session that a row of a group is too late for; NaN: there is none. */
  missedBy(key: number, timeMs: number): number {
    const slot = this.groups.find(key);
    if (slot === NONE || !(timeMs <= (this.closedThrough[slot] as number))) return NaN;
    return this.closedStarts[slot] as number;
  }

  /** Forgets the slices that no row can come into any more and that have no open session; returns which those are. */
  dropPast(watermarkMs: number): number[] {
    const { gapMs } = this.part;
    const dropped: number[] = [];
    for (const slice of this.slices.values()) {
      const { index } = slice;
      // What was closed is remembered for as long as a row near it is not too old by itself.
      if ((index + 3) * gapMs > watermarkMs || (this.openEntries.get(index) ?? 0) > 0) continue;
      this.drop(slice);
      dropped.push(index);
    }
    if (this.slices.size === 0) this.newest = -Infinity;
    return dropped;
  }

  override drop(slice: Slice): void {
    super.drop(slice);
    this.openEntries.delete(slice.index);
    if (this.groups.size === 0) {
      for (const name of ['oldest', 'closedStarts', 'closedThrough', 'cutLast'] as const)
        this[name] = new Float64Array(0);
      return;
    }
    for (let entry = 0; entry < slice.count; entry++) {
      if (this.groups.find(slice.keys[entry] as number) !== NONE) continue;
      this.closedThrough[slice.slots[entry] as number] = -Infinity;
      this.cutLast[slice.slots[entry] as number] = -Infinity;
    }
  }

  /** Finds out what restored slices say. */
  readSlices(): void {
    for (const slice of [...this.slices.values()].sort((a, b) => a.index - b.index)) {
      for (let entry = 0; entry < slice.count; entry++) {
        const slot = slice.slots[entry] as number;
        const at = entry * this.plan.width + this.part.at;
        if (this.hasRows(slice, entry)) {
          this.noteOpen(slice.index, slot);
          this.setTimer(slice, entry);
        } else if (!Number.isNaN(slice.cells[at + 2])) {
          const [first, last, through] = slice.cells.subarray(at, at + 3) as unknown as [number, number, number];
          this.growTo(slot);
          this.noteClosed(slot, first, last, through);
        }
      }
    }
  }

  /** May the results of a session be told? Near where rows may be missing nobody knows where one began. */
  isTold(startMs: number): boolean {
    return startMs - unsureMs(this.plan.metric.window) >= this.completeFromMs && spans(this.span, startMs);
  }

  private noteOpen(index: number, slot: number): void {
    this.growTo(slot);
    this.openEntries.set(index, (this.openEntries.get(index) ?? 0) + 1);
    this.newest = Math.max(this.newest, index);
    this.oldest[slot] = Math.min(this.oldest[slot] as number, index);
  }

  private noteClosed(slot: number, firstMs: number, lastMs: number, through: number): void {
    this.closedStarts[slot] = firstMs;
    this.closedThrough[slot] = through;
    this.cutLast[slot] = through < lastMs + this.part.gapMs ? lastMs : -Infinity;
  }

  private growTo(slot: number): void {
    this.oldest = grownDoubles(this.oldest, slot + 1, Infinity);
    this.closedStarts = grownDoubles(this.closedStarts, slot + 1, -Infinity);
    this.closedThrough = grownDoubles(this.closedThrough, slot + 1, -Infinity);
    this.cutLast = grownDoubles(this.cutLast, slot + 1, -Infinity);
  }

  private nextWithRows(key: number, from: number): number {
    for (let index = from; index <= this.newest; index++) {
      const slice = this.slices.get(index);
      if (slice && this.hasRows(slice, slice.find(key))) return index;
    }
    return Infinity;
  }

  private hasRows({ cells }: Slice, entry: number): boolean {
    return entry !== NONE && cells[entry * this.plan.width + ROWS] !== 0;
  }

  private firstOf({ cells }: Slice, entry: number): number {
    return cells[entry * this.plan.width + this.part.at] as number;
  }

  private lastOf({ cells }: Slice, entry: number): number {
    return cells[entry * this.plan.width + this.part.at + 1] as number;
  }
}
