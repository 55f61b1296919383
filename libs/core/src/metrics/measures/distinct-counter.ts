import { grownDoubles, grownInts } from '../../windowing/grow';
import { PairTable } from '../../windowing/pair-table';
import type { SlicedWindows } from '../../windowing/sliced-windows';
import { newestWindowOf, oldestWindowOf } from '../../windowing/sliced-windows';
import type { FieldKeySpace } from '../groups/key-space';
import { NULL_ID } from '../groups/key-space';
import { Sightings } from './sightings';
import type { RowRun } from '../slices/row-run';
import type { Slice } from '../slices/slice';
import { WindowSteps } from '../plan/window-steps';

const RECENT = 16;

/**
 * Exact numbers of different members in every open window, at a cost per row that does not depend on size / hop.
 *
 * When a member is seen in slice s for the first time and its nearest sightings lie in slices a < s < b, exactly those windows
 * that hold s gain one that are newer than the newest that holds a and older than the oldest that holds b: the others have
 * counted it. Counters are therefore kept as steps from window to window.
 */
export class DistinctCounter {
  /** Members (with their groups) seen in some open slice. */
  size = 0;
  private readonly sightings: Sightings;
  /** (group, member) where the metric has groups, known by their id + 1; else a member stands for itself. 0 is no member. */
  private readonly pairs: PairTable | null;
  /** Counts of each group in the window `current`; later windows add their steps. */
  private totals = new Float64Array(0);
  private current = -Infinity;
  private readonly steps = new Map<number, WindowSteps>();
  /** Steps of windows looked up lately: a stretch of rows comes back to the same few. */
  private readonly recentWindows = new Float64Array(RECENT).fill(NaN);
  private readonly recentSteps: (WindowSteps | undefined)[] = [];
  private selected = new Int32Array(0);
  private selectedEntries = new Int32Array(0);
  private selectedPairs = new Int32Array(0);

  /**
   * @param counts how many distinct counts share these members
   * @param firstSighting index of the first of them among the plan's distinct counts
   */
  constructor(
    private readonly windows: SlicedWindows,
    private readonly members: FieldKeySpace,
    private readonly counts: number,
    private readonly firstSighting: number,
    grouped: boolean,
  ) {
    this.sightings = new Sightings(counts);
    this.pairs = grouped ? new PairTable() : null;
  }

  /** Counts rows of a slice, those for which a condition holds, towards count number `count`. */
  add(slice: Slice, count: number, condition: number, run: RowRun): void {
    const counted = this.select(run, run.view.mask(condition));
    const { sightings, selected, selectedEntries } = this;
    this.members.resolve(selected, 0, counted, null);
    const pairs = this.pairsOf(counted, slice.keys);
    const unseen = sightings.keepUnseen(pairs, selectedEntries, counted, slice.index, count);
    const before = this.listOf(slice, count).length;
    for (let i = 0; i < unseen; i++) {
      const pair = pairs[i] as number;
      if (pair !== NULL_ID) this.see(pair, slice, count, slice.slots[selectedEntries[i] as number] as number);
    }
    slice.sightingBytes += (this.listOf(slice, count).length - before) * this.members.typicalLength;
  }

  /** Counts one member of the group of an entry in a restored slice. */
  addMember(slice: Slice, count: number, entry: number, member: number): void {
    const pair = this.pairs === null ? member : this.pairs.intern(slice.keys[entry] as number, member) + 1;
    this.sightings.reserve(pair + 1);
    this.see(pair, slice, count, slice.slots[entry] as number);
    slice.sightingBytes += this.members.typicalLength;
  }

  /** Moves on to a window: no window before it, and no step up to it, is looked at again. */
  enter(window: number): void {
    const steps = this.steps.get(window);
    if (steps) {
      this.totals = steps.addTo(this.totals);
      this.steps.delete(window);
      this.recentWindows[window & (RECENT - 1)] = NaN;
    }
    this.current = window;
  }

  /** Count of a group in the window last entered. */
  total(slot: number, count: number): number {
    return this.totals[slot * this.counts + count] ?? 0;
  }

  /** By how much a group's count in a later window differs from the one before it. */
  step(window: number, slot: number, count: number): number {
    return this.steps.get(window)?.get(slot, count) ?? 0;
  }

  /** Windows, later than the one entered, at which some count changes. */
  get stepCount(): number {
    return this.steps.size;
  }

  /** Forgets the sightings of a slice that no open window holds. */
  drop(slice: Slice): void {
    for (let count = 0; count < this.counts; count++) {
      const list = this.listOf(slice, count);
      for (let i = 0; i < list.length; i++) {
        const pair = list.at(i);
        this.sightings.clear(pair, slice.index, count);
        if (!this.sightings.has(pair)) this.forget(pair);
      }
    }
    if (this.size > 0) return;
    this.sightings.reset();
    this.totals = new Float64Array(0);
  }

  /** Group id and member id of an item of a slice's sightings. */
  groupOf(pair: number): number {
    return this.pairs === null ? 0 : this.pairs.left(pair - 1);
  }

  memberOf(pair: number): number {
    return this.pairs === null ? pair : this.pairs.right(pair - 1);
  }

  /** The rows that the mask selects and their entries. Without a branch: which rows these are is hard to predict. */
  private select({ rows, from, to, entries }: RowRun, mask: Uint8Array | null): number {
    this.selected = grownInts(this.selected, to - from);
    this.selectedEntries = grownInts(this.selectedEntries, to - from);
    const { selected, selectedEntries } = this;
    if (mask === null) {
      selected.set(rows.subarray(from, to));
      selectedEntries.set(entries.subarray(from, to));
      return to - from;
    }
    let count = 0;
    for (let i = from; i < to; i++) {
      const row = rows[i] as number;
      selected[count] = row;
      selectedEntries[count] = entries[i] as number;
      count += mask[row] as number;
    }
    return count;
  }

  /** What the members of the selected rows are known by here; NULL_ID where there is none. */
  private pairsOf(counted: number, keys: Int32Array): Int32Array {
    this.selectedPairs = grownInts(this.selectedPairs, counted);
    const { pairs, selected, selectedEntries, selectedPairs } = this;
    const { ids } = this.members;
    for (let i = 0; i < counted; i++) {
      const member = ids[selected[i] as number] as number;
      selectedPairs[i] =
        pairs === null || member === NULL_ID
          ? member
          : pairs.intern(keys[selectedEntries[i] as number] as number, member) + 1;
    }
    this.sightings.reserve(pairs === null ? this.members.limit : pairs.limit + 1);
    return selectedPairs;
  }

  private see(pair: number, slice: Slice, count: number, slot: number): void {
    const isNew = !this.sightings.has(pair);
    if (!this.sightings.mark(pair, slice.index, count)) return;
    if (isNew) {
      this.members.retain(this.memberOf(pair));
      this.size++;
    }
    this.listOf(slice, count).push(pair);
    const { before, after } = this.sightings;
    const { windows } = this;
    const low = Math.max(newestWindowOf(windows, before) + 1, oldestWindowOf(windows, slice.index));
    const high = Math.min(newestWindowOf(windows, slice.index), oldestWindowOf(windows, after) - 1);
    if (low <= high) this.gain(slot, count, low, high);
  }

  /** One more in the windows from low to high, as far as they are open. */
  private gain(slot: number, count: number, low: number, high: number): void {
    if (high < this.current) return;
    if (low > this.current) this.stepsAt(low).add(slot, count, 1);
    else {
      this.totals = grownDoubles(this.totals, (slot + 1) * this.counts);
      const at = slot * this.counts + count;
      this.totals[at] = (this.totals[at] as number) + 1;
    }
    this.stepsAt(high + 1).add(slot, count, -1);
  }

  private stepsAt(window: number): WindowSteps {
    const place = window & (RECENT - 1);
    const recent = this.recentSteps[place];
    if (recent !== undefined && this.recentWindows[place] === window) return recent;
    let steps = this.steps.get(window);
    if (!steps) {
      steps = new WindowSteps(this.counts);
      this.steps.set(window, steps);
    }
    this.recentWindows[place] = window;
    this.recentSteps[place] = steps;
    return steps;
  }

  private forget(pair: number): void {
    this.members.release(this.memberOf(pair));
    this.pairs?.free(pair - 1);
    this.size--;
  }

  private listOf(slice: Slice, count: number) {
    return slice.sightings[this.firstSighting + count] as Slice['sightings'][number];
  }
}
