import { HEADER, headerBytes } from '@tillstream/contracts';
import type { NewRecord } from '../ports/log';
import { withHeaders } from './with-headers';

/** Since when each of some metrics has had something to tell: append time of the oldest raw record that is not told yet. */
export class WaitingSince {
  private readonly sinceMs: number[];

  constructor(metrics: number) {
    this.sinceMs = Array.from({ length: metrics }, () => Infinity);
  }

  note(metric: number, appendMs: number): void {
    this.sinceMs[metric] = Math.min(this.sinceMs[metric] ?? Infinity, appendMs);
  }

  /** It is told now, or there is nothing to tell any more. Infinity: nothing has been noted. */
  take(metric: number): number {
    const sinceMs = this.sinceMs[metric] ?? Infinity;
    this.sinceMs[metric] = Infinity;
    return sinceMs;
  }
}

/** Says on the first of the records since when it has been waited for them; unchanged when that is not known. */
export function withWaitingSince(records: readonly NewRecord[], sinceMs: number): readonly NewRecord[] {
  return Number.isFinite(sinceMs) ? withHeaders(records, { [HEADER.waitingSince]: headerBytes(sinceMs) }) : records;
}
