import type { ReplayState } from './replay-state';

/** A row to replay: one event as JSON text, and when it happened (null: its time cannot be read). */
export interface ReplayRow {
  /** Index of its file among those that are replayed. */
  readonly file: number;
  /** From 1, in the order of the file. */
  readonly number: number;
  readonly text: string;
  readonly timeMs: number | null;
}

/** Where a replay begins: so many rows of the file at this index are done. */
export type ReplayStart = Pick<ReplayState, 'file' | 'rowsDone'>;

/** Recorded rows in their order, and how much of them has been read. */
export interface ReplayRows {
  rows(start: ReplayStart, shiftMs: number): AsyncGenerator<ReplayRow, void, void>;
  /** Share of all bytes, from 0 to 1. */
  readShare(): number;
}

export interface ReplaySource extends ReplayRows {
  /**
   * What to add to all times so that the last event happens when it is sent, and none before its time: at speed `max` now,
   * else when the replay will have come to it.
   */
  shiftToNow(speed: number, nowMs: number): Promise<number>;
}
