import { grownBytes, grownDoubles, grownInts, roomFor } from '../../windowing/grow';
import { IntList } from '../../windowing/int-list';
import { CollectedItems } from '../measures/collected';
import { EdgeValues } from '../measures/edge-values';
import type { GroupTable } from '../groups/group-table';
import type { MetricPlan } from '../plan/metric-plan';
import { SESSION_NUMBERS, SKETCH_KINDS } from '../plan/metric-plan';
import { Tallies } from '../measures/tallies';
import type { TopTable } from '../measures/top-table';
import type { RowRun } from './row-run';

const MIN_SLOTS = 16;
/** Estimates of what is written for an entry: its key, and each of its numbers. */
const ENTRY_BYTES = 16;
const NUMBER_BYTES = 4;
const UNSAVED = 1;
const CHANGED = 2;
const DIRTY = UNSAVED | CHANGED;

/** What the rows of one slice add up to, for each group that has any. Entries are in order of first sight. */
export class Slice {
  count = 0;
  /** Group ids and group slots of the entries. */
  keys: Int32Array<ArrayBuffer>;
  slots: Int32Array<ArrayBuffer>;
  /** `width` numbers an entry. */
  cells: Float64Array<ArrayBuffer>;
  /** Entries touched since the checkpoint last took them, and since provisional results did. A new sighting touches its group's entry. */
  readonly unsaved = new IntList();
  readonly changed = new IntList();
  /** Members seen in this slice, for each distinct count of the plan: ids of the counter's pairs. */
  readonly sightings: IntList[];
  /** How many of those the checkpoint has. */
  readonly savedSightings: number[];
  /** About how many bytes the entries take when they are written, and the sightings. */
  entryBytes = 0;
  sightingBytes = 0;
  private flags: Uint8Array<ArrayBuffer>;
  /** What the entries have collected, for each `collect` of the plan. */
  readonly collected: readonly CollectedItems[];
  /** Their first and last values, for each of the plan. */
  readonly edges: readonly EdgeValues[];
  /** Their sketches, for each of the plan. */
  readonly sketches: readonly Tallies[];
  /** The amounts of their values, for each `top` of the plan. */
  readonly tops: readonly TopTable[];
  /** Open addressing; entry + 1, 0 is empty. Ids are dense, so they hash to themselves. */
  private table: Int32Array<ArrayBuffer>;

  /**
   * @param like a slice that this one will probably resemble in size: growing by and by costs more than the rows
   * @param tops empty tables, for each `top` of the plan
   */
  constructor(
    readonly index: number,
    readonly plan: MetricPlan,
    like: Slice | null,
    tops: readonly TopTable[],
  ) {
    this.tops = tops;
    const expected = like?.count ?? 0;
    this.keys = new Int32Array(expected);
    this.slots = new Int32Array(expected);
    this.flags = new Uint8Array(expected);
    this.cells = new Float64Array(expected * plan.width);
    this.table = new Int32Array(Math.max(MIN_SLOTS, roomFor(2 * expected)));
    this.collected = plan.collects.map(({ type }) => new CollectedItems(type));
    this.edges = plan.edges.map(({ type }) => new EdgeValues(type));
    this.sketches = plan.sketches.map(({ of }) => new Tallies(SKETCH_KINDS[of]));
    const distincts = plan.windowWidth - plan.width;
    this.sightings = Array.from({ length: distincts }, (_, d) => new IntList(like?.sightings[d]?.length ?? 0));
    this.savedSightings = this.sightings.map(() => 0);
  }

  get width(): number {
    return this.plan.width;
  }

  /** Entry of a group, -1 for none. */
  find(key: number): number {
    const { table, keys } = this;
    const mask = table.length - 1;
    for (let at = key & mask; ; at = (at + 1) & mask) {
      const entry = (table[at] as number) - 1;
      if (entry < 0 || keys[entry] === key) return entry;
    }
  }

  /** Entry of a group, a new one if there is none. */
  entryOf(key: number, groups: GroupTable): number {
    const entry = this.find(key);
    return entry >= 0 ? entry : this.add(key, groups);
  }

  /** Fills in the entries of a run, whose groups are ids[row]; all of them become dirty. */
  locate({ rows, from, to, entries }: RowRun, ids: Int32Array, groups: GroupTable): void {
    for (let i = from; i < to; i++) {
      const key = ids[rows[i] as number] as number;
      let entry = this.find(key);
      if (entry < 0) entry = this.add(key, groups);
      if (this.flags[entry] !== DIRTY) this.touch(entry);
      entries[i] = entry;
    }
  }

  /** Marks an entry as to be saved and sent. */
  touch(entry: number): void {
    const flags = this.flags[entry] as number;
    if ((flags & UNSAVED) === 0) this.unsaved.push(entry);
    if ((flags & CHANGED) === 0) this.changed.push(entry);
    this.flags[entry] = DIRTY;
  }

  /** Marks entry `turn` and every `turns`-th after it as to be sent, though nothing in them has changed. */
  retell(turn: number, turns: number): void {
    for (let entry = turn; entry < this.count; entry += turns) {
      if (((this.flags[entry] as number) & CHANGED) !== 0) continue;
      this.flags[entry] = (this.flags[entry] as number) | CHANGED;
      this.changed.push(entry);
    }
  }

  /** Entries or sightings that the checkpoint does not have. */
  get isUnsaved(): boolean {
    return this.unsaved.length > 0;
  }

  /** About how many bytes are written for what the checkpoint does not have. */
  get unsavedBytes(): number {
    if (this.unsaved.length === 0) return 0;
    let sightings = 0;
    let unsaved = 0;
    this.sightings.forEach((list, d) => {
      sightings += list.length;
      unsaved += list.length - (this.savedSightings[d] as number);
    });
    const ofTops = this.tops.reduce((sum, { unsavedBytes }) => sum + unsavedBytes, 0);
    const ofEntries = (this.entryBytes * this.unsaved.length) / this.count + ofTops;
    return Math.ceil(ofEntries + (sightings === 0 ? 0 : (this.sightingBytes * unsaved) / sightings));
  }

  /** About how many bytes all of it takes when it is written. */
  get liveBytes(): number {
    return this.tops.reduce((sum, { bytes }) => sum + bytes, this.entryBytes + this.sightingBytes);
  }

  clearUnsaved(): void {
    for (const table of this.tops) table.clearUnsaved();
    for (let i = 0; i < this.unsaved.length; i++) this.clearFlag(this.unsaved.at(i), UNSAVED);
    this.unsaved.clear();
    this.sightings.forEach((list, d) => (this.savedSightings[d] = list.length));
  }

  clearChanged(): void {
    for (let i = 0; i < this.changed.length; i++) this.clearFlag(this.changed.at(i), CHANGED);
    this.changed.clear();
  }

  /** Makes an entry one without rows. */
  clear(entry: number): void {
    const { width } = this;
    this.cells.fill(0, entry * width, (entry + 1) * width);
    this.setNothing(entry);
    for (const items of this.collected) items.forget(entry);
    for (const tallies of this.sketches) tallies.forget(entry);
    for (const table of this.tops) table.forget(entry);
    this.touch(entry);
  }

  private setNothing(entry: number): void {
    const { width, extremes, edges, session } = this.plan;
    const from = entry * width;
    for (const { at } of extremes) this.cells[from + at] = NaN;
    for (const { at } of edges) this.cells[from + at] = NaN;
    if (session !== null) this.cells.fill(NaN, from + session.at, from + session.at + SESSION_NUMBERS);
  }

  private add(key: number, groups: GroupTable): number {
    const entry = this.count++;
    const { width } = this;
    this.keys = grownInts(this.keys, this.count);
    this.slots = grownInts(this.slots, this.count);
    this.flags = grownBytes(this.flags, this.count);
    this.cells = grownDoubles(this.cells, this.count * width);
    this.keys[entry] = key;
    this.slots[entry] = groups.acquire(key);
    this.setNothing(entry);
    this.entryBytes += ENTRY_BYTES + NUMBER_BYTES * width;
    if (this.count * 2 <= this.table.length) this.place(entry);
    else {
      this.table = new Int32Array(this.table.length * 2);
      for (let other = 0; other < this.count; other++) this.place(other);
    }
    return entry;
  }

  private place(entry: number): void {
    const mask = this.table.length - 1;
    let at = (this.keys[entry] as number) & mask;
    while (this.table[at] !== 0) at = (at + 1) & mask;
    this.table[at] = entry + 1;
  }

  private clearFlag(entry: number, flag: number): void {
    this.flags[entry] = (this.flags[entry] as number) & ~flag;
  }
}
