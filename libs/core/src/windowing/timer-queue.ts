import { grownDoubles, grownInts } from './grow';

const NOT_SET = Infinity;

/** At most one time for each owner (a small number), and who comes first. */
export class TimerQueue {
  /** By owner. */
  private due = new Float64Array(0);
  /** A heap, the earliest on top. What is not the owner's time any more is skipped. */
  private times = new Float64Array(0);
  private owners = new Int32Array(0);
  private size = 0;

  /** Brings an owner's time forward; a later time than it has changes nothing. */
  advance(owner: number, timeMs: number): void {
    this.due = grownDoubles(this.due, owner + 1, NOT_SET);
    if (timeMs >= (this.due[owner] as number)) return;
    this.due[owner] = timeMs;
    this.times = grownDoubles(this.times, this.size + 1);
    this.owners = grownInts(this.owners, this.size + 1);
    let at = this.size++;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if ((this.times[above] as number) <= timeMs) break;
      this.move(above, at);
      at = above;
    }
    this.times[at] = timeMs;
    this.owners[at] = owner;
  }

  /** The earliest time; Infinity: no owner has one. */
  get nextMs(): number {
    while (this.size > 0 && this.due[this.owners[0] as number] !== this.times[0]) this.removeTop();
    return this.size === 0 ? Infinity : (this.times[0] as number);
  }

  /** Takes the owner of the earliest time, which has none any more. To be called when there is one. */
  takeNext(): number {
    const owner = this.owners[0] as number;
    this.due[owner] = NOT_SET;
    this.removeTop();
    return owner;
  }

  private removeTop(): void {
    const last = --this.size;
    const timeMs = this.times[last] as number;
    let at = 0;
    for (let below = 1; below < last; below = 2 * at + 1) {
      if (below + 1 < last && (this.times[below + 1] as number) < (this.times[below] as number)) below++;
      if ((this.times[below] as number) >= timeMs) break;
      this.move(below, at);
      at = below;
    }
    this.times[at] = timeMs;
    this.owners[at] = this.owners[last] as number;
    if (last === 0) this.reset();
  }

  private move(from: number, to: number): void {
    this.times[to] = this.times[from] as number;
    this.owners[to] = this.owners[from] as number;
  }

  /** Gives memory back when nobody has a time. */
  private reset(): void {
    this.due = new Float64Array(0);
    this.times = new Float64Array(0);
    this.owners = new Int32Array(0);
  }
}
