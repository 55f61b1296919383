import type { BatchPosition } from '../batch/event-batch';
import { emptyPosition } from '../batch/position';
import type { SavedPosition } from '../metrics/checkpoint/partition-state';
import type { RowsEnd } from './rows-chain';
import type { TrackOrigin } from './track';

/** Nothing was ever declared. */
export const NO_ORIGIN: TrackOrigin = { identity: '', epoch: 0, sinceMs: -Infinity };

/** Where a track begins, and under which settings. */
export interface TrackStart<Settings extends { readonly identity: string }> {
  readonly partition: number;
  /** First raw position to apply, and what stands there. */
  readonly next: number;
  readonly position: SavedPosition;
  /** Null: nothing is declared. */
  readonly declared: Settings | null;
  /** Of the settings that the checkpoint is under. */
  readonly saved: TrackOrigin;
  /** These settings, where they are not those that are declared; null: there were none. */
  readonly earlier: Settings | null;
  /** Where the log's newest batch of rows ends; null: there is none yet. */
  readonly tail: RowsEnd | null;
}

/** The settings that are declared, as a checkpoint tells them: those of before, or new ones that begin behind all events so far. */
export function originOf({ declared, saved, position }: TrackStart<{ readonly identity: string }>): TrackOrigin {
  const identity = declared?.identity ?? '';
  if (identity === saved.identity) return saved;
  return { identity, epoch: saved.epoch + 1, sinceMs: position.maxEventTimeMs };
}

/**
 * Where the chain of rows goes on. Before one that begins there is no row.
 *
 * @param untoldThroughMs up to this time rows may be missing that others would have made of the events before. -Infinity: none is
 */
export function rowsEndOf(
  { tail, next, position }: TrackStart<{ readonly identity: string }>,
  untoldThroughMs: number,
): RowsEnd {
  if (tail !== null) return tail;
  const { maxAppendMs, held, definition } = position;
  const after: BatchPosition = { ...emptyPosition(), maxEventTimeMs: untoldThroughMs, maxAppendMs, held, definition };
  return { rawNext: next, after };
}
