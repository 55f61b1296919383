import { grownDoubles } from '../windowing/grow';
import { PairTable } from '../windowing/pair-table';
import type { SlicedWindows } from '../windowing/sliced-windows';
import { oldestWindowOf } from '../windowing/sliced-windows';
import type { FieldKeySpace } from './key-space';
import { NULL_ID } from './key-space';
import { CHUNK, Sightings } from './sightings';
import type { Slice } from './slice';
import { WindowSteps } from './window-steps';

/**
 * Exact numbers of different members in every open window, at a cost per row that does not depend on size / hop.
 *
 * When a member is seen in slice s for the first time and its nearest sightings lie in slices a < s < b, exactly the
 * windows from max(a + 1, s − n + 1) to min(s, b − n) gain one (n slices to a window): earlier ones hold a, later ones
 * hold b, and both have counted it. Counters are therefore kept as steps from window to window.
 */
export class DistinctCounter {
  /** Members (with their groups) seen in some open slice. */
  size = 0;
  private readonly sightings: Sightings;
  /** (group, member) where the metric has groups; else a member stands for itself. */
  private readonly pairs: PairTable | null;
  /** Counts of each group in the window `current`; later windows add their steps. */
  private totals = new Float64Array(0);
  private current = -Infinity;
  private readonly steps = new Map<number, WindowSteps>();
  private lastWindow = NaN;
  private lastSteps: WindowSteps | null = null;

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

  /** Counts rows[from, to), those with a 1 in `mask`, towards count number `count`. All of them are of one slice. */
  add(
    slice: Slice,
    count: number,
    rows: Int32Array,
    from: number,
    to: number,
    mask: Uint8Array | null,
    groupIds: Int32Array,
    entries: Int32Array,
  ): void {
    this.members.resolve(rows, from, to, mask);
    const { ids } = this.members;
    const { pairs, sightings } = this;
    if (pairs === null) sightings.reserve(this.members.limit);
    let chunk = sightings.chunkOf(slice.index);
    const bit = 1 << (slice.index - Math.floor(slice.index / CHUNK) * CHUNK);
    for (let i = from; i < to; i++) {
      const row = rows[i] as number;
      if (mask !== null && mask[row] === 0) continue;
      const member = ids[row] as number;
      if (member === NULL_ID) continue;
      let pair = member;
      if (pairs !== null) {
        pair = pairs.intern(groupIds[row] as number, member);
        sightings.reserve(pairs.limit);
      }
      if (sightings.knows(pair, chunk, bit, count)) continue;
      this.see(pair, slice, count, slice.slots[entries[i] as number] as number);
      if (chunk < 0) chunk = sightings.chunkOf(slice.index);
    }
  }

  /** Counts one member of a restored slice. */
  addMember(slice: Slice, count: number, member: number, groupId: number, slot: number): void {
    const pair = this.pairs === null ? member : this.pairs.intern(groupId, member);
    this.sightings.reserve(pair + 1);
    this.see(pair, slice, count, slot);
  }

  /** Moves on to a window: no window before it, and no step up to it, is looked at again. */
  enter(window: number): void {
    const steps = this.steps.get(window);
    if (steps) {
      this.totals = steps.addTo(this.totals);
      this.steps.delete(window);
      this.lastWindow = NaN;
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
    return this.pairs === null ? 0 : this.pairs.left(pair);
  }

  memberOf(pair: number): number {
    return this.pairs === null ? pair : this.pairs.right(pair);
  }

  private see(pair: number, slice: Slice, count: number, slot: number): void {
    const isNew = !this.sightings.has(pair);
    if (!this.sightings.mark(pair, slice.index, count)) return;
    if (isNew) {
      this.members.retain(this.memberOf(pair));
      this.size++;
    }
    this.listOf(slice, count).push(pair);
    slice.sightingBytes += this.members.writtenLength(this.memberOf(pair)) + 2;
    const { before, after } = this.sightings;
    const low = Math.max(before + 1, oldestWindowOf(this.windows, slice.index));
    const high = Math.min(slice.index, after - this.windows.count);
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
    if (this.lastWindow === window && this.lastSteps !== null) return this.lastSteps;
    let steps = this.steps.get(window);
    if (!steps) {
      steps = new WindowSteps(this.counts);
      this.steps.set(window, steps);
    }
    this.lastWindow = window;
    this.lastSteps = steps;
    return steps;
  }

  private forget(pair: number): void {
    this.members.release(this.memberOf(pair));
    this.pairs?.free(pair);
    this.size--;
  }

  private listOf(slice: Slice, count: number) {
    return slice.sightings[this.firstSighting + count] as Slice['sightings'][number];
  }
}
