import type { MetricDefinition } from '@tillstream/core';
import { isTotal } from '@tillstream/core';
import type { Turn } from './retelling';

/** Topics keep what they hold for an hour at least; the shares and results of totals are never older than about this. */
const WITHIN_MS = 20 * 60_000;
const TURNS = 120;

/**
 * Decides when shares and results of running totals are told anew, changed or not: a total stands for ever, and the topics
 * forget. Whether anything comes does not matter, they forget all the same.
 */
export class RetellingTotals {
  readonly metrics: readonly MetricDefinition[];
  private turn = 0;

  /** @param sinceMs now, on the clock of `due` */
  constructor(
    metrics: readonly MetricDefinition[],
    private sinceMs: number,
  ) {
    this.metrics = metrics.filter(({ window }) => isTotal(window));
  }

  /** Whose turn it is; null: nobody's. */
  due(nowMs: number): Turn | null {
    if (this.metrics.length === 0 || nowMs - this.sinceMs < WITHIN_MS / TURNS) return null;
    const { turn } = this;
    this.turn = (turn + 1) % TURNS;
    this.sinceMs = nowMs;
    return { turn, turns: TURNS };
  }
}
