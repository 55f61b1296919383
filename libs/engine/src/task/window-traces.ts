import type { RecordHeaders } from '../ports/log';

/** Of the traced batches that fed the windows which are open so many are remembered, and so many are told of one. */
const MOST_REMEMBERED = 256;
const MOST_TOLD = 16;

/** A traced batch, and which stretch of event time it brought rows of. */
interface Traced {
  readonly headers: RecordHeaders;
  readonly fromMs: number;
  readonly untilMs: number;
  /** How many were noted before it. */
  readonly number: number;
}

/**
 * Remembers which traced batches fed which stretch of event time, for whoever asks what a window is made of. Where there are
 * too many, the older ones are forgotten until they are as far apart as they are old: so of a long window some are left from
 * all its time.
 *
 * Law: whatever comes, no more than `MOST_REMEMBERED` are held.
 */
export class WindowTraces {
  private readonly batches: Traced[] = [];
  private noted = 0;

  /** @param untilMs of the newest row, which is among them */
  note(headers: RecordHeaders, fromMs: number, untilMs: number): void {
    this.batches.push({ headers, fromMs, untilMs, number: this.noted });
    this.noted += 1;
    if (this.batches.length > MOST_REMEMBERED) this.batches.splice(this.leastMissed(), 1);
  }

  /** Contexts of batches with rows in [startMs, endMs), or near them: the newest first, the others from all over the window. */
  of(startMs: number, endMs: number): readonly RecordHeaders[] {
    const within = this.batches.filter(({ fromMs, untilMs }) => fromMs < endMs && untilMs >= startMs).reverse();
    const step = Math.max(1, within.length / MOST_TOLD);
    const told: RecordHeaders[] = [];
    for (let at = 0; at < within.length; at += step) told.push(within[Math.floor(at)]!.headers);
    return told.slice(0, MOST_TOLD);
  }

  get size(): number {
    return this.batches.length;
  }

  /** The one that leaves the smallest gap for its age; never the oldest or the newest. */
  private leastMissed(): number {
    let least = 1;
    let smallest = Infinity;
    for (let at = 1; at < this.batches.length - 1; at += 1) {
      const gap = this.batches[at + 1]!.number - this.batches[at - 1]!.number;
      const share = gap / (this.noted - this.batches[at]!.number);
      if (share < smallest) [smallest, least] = [share, at];
    }
    return least;
  }
}
