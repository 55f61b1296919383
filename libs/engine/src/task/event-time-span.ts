import type { EventBatch, StreamSchema } from '@tillstream/core';

/** From the oldest to the newest event time of a batch's rows; null where it has none. */
export function eventTimeSpan(
  { columns }: EventBatch,
  { fields, eventTime }: StreamSchema,
): { readonly fromMs: number; readonly untilMs: number } | null {
  const field = fields.find(({ name }) => name === eventTime.field);
  const column = field && columns.get(field.number);
  if (column?.kind !== 'number') return null;
  let fromMs = Infinity;
  let untilMs = -Infinity;
  for (const ms of column.values) {
    if (ms < fromMs) fromMs = ms;
    if (ms > untilMs) untilMs = ms;
  }
  return untilMs === -Infinity ? null : { fromMs, untilMs };
}
