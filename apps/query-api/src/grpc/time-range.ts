import type { TimestampMessage } from '@tillstream/contracts';
import { instantOf } from './instants';
import { invalid } from './refusals';

/** From and up to when, half-open; null: without a bound. */
export interface TimeRange {
  readonly fromMs: number | null;
  readonly toMs: number | null;
}

/** @throws GrpcStatusError INVALID_ARGUMENT */
export function timeRange(asked: {
  readonly from: TimestampMessage | null;
  readonly to: TimestampMessage | null;
}): TimeRange {
  const [fromMs, toMs] = [instantOf(asked.from), instantOf(asked.to)];
  if (fromMs !== null && toMs !== null && fromMs >= toMs) throw invalid('from must be before to');
  return { fromMs, toMs };
}

export function isWithin({ fromMs, toMs }: TimeRange, timeMs: number): boolean {
  return (fromMs === null || timeMs >= fromMs) && (toMs === null || timeMs < toMs);
}
