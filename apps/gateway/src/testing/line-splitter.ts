import type { RejectedEvent } from '@tillstream/core';
import type { Splitter } from '../ingest/splitter';

/** Takes JSON or NDJSON whose events are `{"k": <partition>}`; the slow and obvious way, for tests of all but splitting. */
export const lineSplitter: Splitter = {
  split(body, form) {
    const text = new TextDecoder().decode(body);
    const rejected: RejectedEvent[] = [];
    const byPartition = new Map<number, unknown[]>();
    let accepted = 0;
    let events: unknown[];
    try {
      const parsed: unknown =
        form === 'json'
          ? JSON.parse(text)
          : text
              .split('\n')
              .filter(Boolean)
              .map((line): unknown => JSON.parse(line));
      events = Array.isArray(parsed) ? parsed : [parsed];
    } catch {
      return {
        accepted: 0,
        rejected: [{ index: -1, code: 'malformed-json', path: '$', message: 'broken' }],
        rejectedIndexes: new Uint32Array(0),
        rejectedCounts: { 'malformed-json': 1 },
        records: [],
      };
    }
    for (const [index, event] of events.entries()) {
      const partition = (event as { k?: number }).k;
      if (partition === undefined) {
        rejected.push({ index, code: 'no-key', path: 'k', message: 'k is missing' });
        continue;
      }
      accepted++;
      byPartition.set(partition, [...(byPartition.get(partition) ?? []), event]);
    }
    const records = [...byPartition].map(([partition, rows]) => ({
      partition,
      value: new TextEncoder().encode(JSON.stringify(rows)),
      rows: rows.length,
    }));
    const rejectedIndexes = Uint32Array.from(rejected, ({ index }) => index);
    return { accepted, rejected, rejectedIndexes, rejectedCounts: { 'no-key': rejected.length }, records };
  },
};
