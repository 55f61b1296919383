import { decodeLateLine, lateLines } from '../late/late-records';
import { isoInstant, parseInstant } from '../results/instant';
import type { StreamDefinition } from '../stream-file/stream-definition';
import type { FeedRow, FeedValue } from './feed';
import type { FeedDecoder } from './feed-decoder';

/** Rows that came too late, one for each metric (or section) that they were late for. */
export function lateDecoder({ schema: { eventTime } }: StreamDefinition): FeedDecoder {
  return ({ value, offset }, partition) =>
    lateLines(value).flatMap((line, index): FeedRow | [] => {
      const entry = decodeLateLine(line);
      const row = entry === null ? null : rowOf(entry.json);
      if (entry === null || row === null) return [];
      const { id, metric, identity, missedMs, latenessMs } = entry;
      // Had another file another field for it, what the row missed is near enough, and the same for all who read it.
      const timeMs = parseInstant(row[eventTime.field]) ?? missedMs[0] ?? 0;
      return {
        ...{ table: 'late', id, version: 0, timeMs },
        ...{ partition, offset, index },
        record: Buffer.from(line, 'utf8'),
        values: {
          metric,
          definition: identity.slice(identity.lastIndexOf('@') + 1),
          event_time: timeMs,
          missed: missedMs.map(isoInstant),
          lateness_ms: latenessMs,
          source_partition: entry.partition,
          source_offset: entry.offset,
          source_index: entry.index,
          row,
        },
      };
    });
}

/** Null: somebody else has written it. */
function rowOf(json: string): Readonly<Record<string, FeedValue>> | null {
  try {
    const row: unknown = JSON.parse(json);
    return typeof row === 'object' && row !== null ? (row as Readonly<Record<string, FeedValue>>) : null;
  } catch {
    return null;
  }
}
