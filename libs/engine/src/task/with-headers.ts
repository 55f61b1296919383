import type { NewRecord, RecordHeaders } from '../ports/log';

/** Are there headers of a trace, which go with whatever comes of it? Values stay the same whoever writes them. */
export function isTraced(headers: RecordHeaders): boolean {
  return Object.keys(headers).length > 0;
}

/**
 * The records, the first of them with more headers; the very same records when there are none to add. One is enough for whoever
 * reads them, and each of the others would have to be copied.
 */
export function withHeaders(records: readonly NewRecord[], headers: RecordHeaders): readonly NewRecord[] {
  const [first, ...others] = records;
  if (first === undefined || !isTraced(headers)) return records;
  // Not `...first`: a packed record has its key and value by getters of its class, which a spread leaves behind.
  const { key, value, timestampMs } = first;
  const said = { key, value, headers: { ...first.headers, ...headers } };
  return [timestampMs === undefined ? said : { ...said, timestampMs }, ...others];
}
