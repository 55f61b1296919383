import type { NewRecord, RecordHeaders } from '../ports/log';

/** Are there headers of a trace, which go with whatever comes of it? Values stay the same whoever writes them. */
export function isTraced(headers: RecordHeaders): boolean {
  return Object.keys(headers).length > 0;
}

/** The records with more headers; the very same records when there are none to add. */
export function withHeaders(records: readonly NewRecord[], headers: RecordHeaders): readonly NewRecord[] {
  if (!isTraced(headers)) return records;
  return records.map((record) => {
    const { key, value, timestampMs } = record;
    const more = { ...record.headers, ...headers };
    return timestampMs === undefined ? { key, value, headers: more } : { key, value, headers: more, timestampMs };
  });
}
