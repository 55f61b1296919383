import type { Punctuality } from './lateness-survey';

/** What keeps an origin from being in time. */
export type Cause =
  /** Its events are newer than their arrival: a clock ahead. They move the watermark up to the present. */
  | 'clock-ahead'
  /** It is behind the others by about the same all the time: a slow clock, or a constant delay. */
  | 'always-behind'
  /** It is in time mostly, and far behind now and then: it gathers events and sends them later. */
  | 'bursts'
  /** Nothing of it was late. */
  | 'in-time';

export interface Diagnosis {
  readonly cause: Cause;
  /** How far ahead or behind, typically; 0 for `in-time`. */
  readonly byMs: number;
}

/** Events of the future make a fast clock when they are more than this share. */
const FAST_SHARE = 0.01;
/** An origin whose middle is at least this share of its late end is behind all the time. */
const STEADY_SHARE = 0.5;

/**
 * What is the matter with one origin of rows, beside all rows of the stream.
 *
 * @param boundMs the shortest outOfOrderness of the metrics
 */
export function diagnose(origin: Punctuality, all: Punctuality, boundMs: number): Diagnosis {
  const fast = origin.ahead.count > FAST_SHARE * origin.rows;
  if (fast) return { cause: 'clock-ahead', byMs: origin.ahead.quantile(0.5) ?? 0 };
  if (origin.late === 0) return { cause: 'in-time', byMs: 0 };
  const middle = origin.behind.quantile(0.5) ?? 0;
  const end = origin.behind.quantile(0.99) ?? 0;
  const usual = all.behind.quantile(0.5) ?? 0;
  const isSteady = middle >= STEADY_SHARE * end && middle - usual > boundMs / 2;
  return isSteady ? { cause: 'always-behind', byMs: middle } : { cause: 'bursts', byMs: end };
}
