import { grownDoubles, grownInts } from '../../windowing/grow';

/**
 * By how much the counts of each group change from one window to the next. A member that is in the windows from lo to hi
 * is a step up at lo and a step down at hi + 1, however many windows lie between.
 */
export class WindowSteps {
  /** Groups that have a step here, by entry; a group's steps are `counts` numbers. */
  private slots = new Int32Array(0);
  private steps = new Float64Array(0);
  private count = 0;
  private largestSlot = -1;
  /** Open addressing; entry + 1, 0 is empty. */
  private table = new Int32Array(8);

  constructor(private readonly counts: number) {}

  add(slot: number, count: number, step: number): void {
    let entry = this.find(slot);
    if (entry < 0) entry = this.addEntry(slot);
    const at = entry * this.counts + count;
    this.steps[at] = (this.steps[at] as number) + step;
  }

  /** The step of one group and count. */
  get(slot: number, count: number): number {
    const entry = this.find(slot);
    return entry < 0 ? 0 : (this.steps[entry * this.counts + count] as number);
  }

  /** Adds all steps to totals[slot * counts + count]; returns the totals, grown where they were too short. */
  addTo(into: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> {
    const totals = grownDoubles(into, (this.largestSlot + 1) * this.counts);
    for (let entry = 0; entry < this.count; entry++) {
      const to = (this.slots[entry] as number) * this.counts;
      for (let i = 0; i < this.counts; i++) {
        totals[to + i] = (totals[to + i] as number) + (this.steps[entry * this.counts + i] as number);
      }
    }
    return totals;
  }

  private find(slot: number): number {
    const { table, slots } = this;
    const mask = table.length - 1;
    for (let at = slot & mask; ; at = (at + 1) & mask) {
      const entry = (table[at] as number) - 1;
      if (entry < 0 || slots[entry] === slot) return entry;
    }
  }

  private addEntry(slot: number): number {
    const entry = this.count++;
    this.slots = grownInts(this.slots, this.count);
    this.steps = grownDoubles(this.steps, this.count * this.counts);
    this.slots[entry] = slot;
    if (slot > this.largestSlot) this.largestSlot = slot;
    if (this.count * 2 <= this.table.length) this.place(entry);
    else {
      this.table = new Int32Array(this.table.length * 2);
      for (let other = 0; other < this.count; other++) this.place(other);
    }
    return entry;
  }

  private place(entry: number): void {
    const mask = this.table.length - 1;
    let at = (this.slots[entry] as number) & mask;
    while (this.table[at] !== 0) at = (at + 1) & mask;
    this.table[at] = entry + 1;
  }
}
