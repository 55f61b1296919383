import { fromTimestamp, type TimestampMessage } from '@tillstream/contracts';

/** Epoch ms of a field that may be absent. */
export function instantOf(message: TimestampMessage | null): number | null {
  return message === null ? null : fromTimestamp(message);
}
