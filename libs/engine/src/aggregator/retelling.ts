import type { MetricDefinition } from '@tillstream/core';
import { isTotal, waitsMs } from '@tillstream/core';

/** No share that a merge task still needs is older than about this, while anything comes. */
const WITHIN_MS = 10 * 60_000;
/** So many turns are taken in that time, each with a part of the groups: what is told anew never comes in a flood. */
const TURNS = 60;

/** A part of the groups: those at `turn` and at every `turns`-th place after it. */
export interface Turn {
  readonly turn: number;
  readonly turns: number;
}

/**
 * Decides when shares of windows that stay open for long are sent anew, changed or not.
 *
 * A merge task that begins again reads the topic from the oldest share on that it still needs. Of a window of a day that may
 * be the share of a group that nobody has touched since midnight, with everything in between to be read for nothing, or a
 * share that the topic no longer has.
 */
export class Retelling {
  /** Those whose windows stay open for so long. */
  readonly metrics: readonly MetricDefinition[];
  private turn = 0;
  private next = -1;

  /** @param sinceMs now, on the clock of `due` */
  constructor(
    metrics: readonly MetricDefinition[],
    private sinceMs: number,
  ) {
    this.metrics = metrics.filter(
      ({ local, window, outOfOrdernessMs }) =>
        !local && !isTotal(window) && waitsMs(window) + outOfOrdernessMs > WITHIN_MS,
    );
  }

  /**
   * Whose turn it is; null: nobody's. Where nothing comes nothing is told anew: what there is to be read again does not grow.
   *
   * @param next raw position of the task
   */
  due(next: number, nowMs: number): Turn | null {
    if (this.metrics.length === 0 || next === this.next || nowMs - this.sinceMs < WITHIN_MS / TURNS) return null;
    const { turn } = this;
    this.turn = (turn + 1) % TURNS;
    this.sinceMs = nowMs;
    this.next = next;
    return { turn, turns: TURNS };
  }
}
