import type { NewRecord, RecordHeaders } from '../ports/log';

/** The records with more headers; the very same records when there are none to add. */
export function withHeaders(records: readonly NewRecord[], headers: RecordHeaders): readonly NewRecord[] {
  if (Object.keys(headers).length === 0) return records;
  return records.map((record) => {
    const { key, value, timestampMs } = record;
    const more = { ...record.headers, ...headers };
    return timestampMs === undefined ? { key, value, headers: more } : { key, value, headers: more, timestampMs };
  });
}
