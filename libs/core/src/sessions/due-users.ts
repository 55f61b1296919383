import { grownDoubles } from '../windowing/grow';
import { IntList } from '../windowing/int-list';
import { TimerQueue } from '../windowing/timer-queue';

/**
 * Who has to be looked at when: a heap for what is due soon, and lists of those who are due within the same while for what is due
 * later. A user's time moves on with nearly each of their rows; so users stay where they are until it may have come, and whoever looks at them
 * then finds out whether it has.
 */
export class DueUsers {
  private readonly soon = new TimerQueue();
  /** By number of the while from the epoch on. */
  private readonly later = new Map<number, IntList>();
  /** The first of these lists. */
  private first = Infinity;
  /** All lists up to this one have been taken out. */
  private reached = -Infinity;
  /** By user: the first of the lists that they are in. */
  private lists = new Float64Array(0);
  /** Taken out of the lists, and not yet looked at. */
  private readonly taken = new IntList();

  constructor(private readonly whileMs: number) {}

  /** Sees to it that a user is looked at when the watermark is at `dueMs`, or before. */
  advance(user: number, dueMs: number): void {
    const number = Math.floor(dueMs / this.whileMs);
    if (number <= this.reached) return this.soon.advance(user, dueMs);
    this.lists = grownDoubles(this.lists, user + 1, Infinity);
    if (number >= (this.lists[user] as number)) return;
    this.lists[user] = number;
    const list = this.later.get(number);
    if (list) list.push(user);
    else {
      const started = new IntList();
      started.push(user);
      this.later.set(number, started);
      if (number < this.first) this.first = number;
    }
  }

  /** The same for what may be done a while later. */
  advanceLoosely(user: number, dueMs: number): void {
    this.advance(user, dueMs + this.whileMs);
  }

  /** Is there anybody to be looked at now? Of a list that is due everybody may have been brought forward. */
  hasDue(watermarkMs: number): boolean {
    if (this.first * this.whileMs <= watermarkMs) {
      this.reached = Math.floor(watermarkMs / this.whileMs);
      while (this.first <= this.reached) this.takeFirst();
    }
    return this.taken.length > 0 || this.soon.nextMs <= watermarkMs;
  }

  /** One of those; they are looked at no more unless they are advanced anew. To be called when there is one. */
  takeDue(): number {
    return this.taken.length > 0 ? this.taken.at(--this.taken.length) : this.soon.takeNext();
  }

  private takeFirst(): void {
    const { first } = this;
    const list = this.later.get(first) as IntList;
    this.later.delete(first);
    for (let i = 0; i < list.length; i++) {
      const user = list.at(i);
      if (this.lists[user] !== first) continue; // they were brought forward, or have been forgotten
      this.lists[user] = Infinity;
      this.taken.push(user);
    }
    this.first = Infinity;
    for (const number of this.later.keys()) if (number < this.first) this.first = number;
    if (this.later.size === 0) this.lists = new Float64Array(0);
  }
}
