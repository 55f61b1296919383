import { lastsMs } from '../windowing/window-spec';
import type { MetricDefinition } from './definition';

/**
 * The windows that a metric has whole in one partition: those that begin in [fromMs, untilMs). Windows that begin
 * earlier may lack rows from before the metric was declared, and windows that begin later, rows from after it was removed.
 */
export interface MetricSpan {
  readonly fromMs: number;
  readonly untilMs: number;
}

/** Of a metric that was declared from the beginning and still is. */
export const ALWAYS: MetricSpan = { fromMs: -Infinity, untilMs: Infinity };

/** Of a metric that a partition does not know. */
export const NEVER: MetricSpan = { fromMs: Infinity, untilMs: Infinity };

export function isAlways({ fromMs, untilMs }: MetricSpan): boolean {
  return fromMs === -Infinity && untilMs === Infinity;
}

/** The watermark that has closed all windows that a metric has whole. */
export function runsOutMs({ window }: MetricDefinition, { untilMs }: MetricSpan): number {
  return untilMs === -Infinity ? -Infinity : untilMs + lastsMs(window);
}

/** Is a window that begins at startMs one of the whole ones? */
export function spans({ fromMs, untilMs }: MetricSpan, startMs: number): boolean {
  return startMs >= fromMs && startMs < untilMs;
}
