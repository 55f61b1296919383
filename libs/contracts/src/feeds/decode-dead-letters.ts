import { decodeDeadLetter } from '../dead-letters/dead-letter-record';
import type { FeedDecoder } from './feed-decoder';

/** Events that could not be taken, with their bytes. */
export function deadLetterDecoder(): FeedDecoder {
  return (record, partition) => {
    const letter = decodeDeadLetter(record);
    if (letter === null) return [];
    const { id, source, code, path, message, size, bytes } = letter;
    const timeMs = letter.appendMs ?? record.timestampMs;
    return [
      {
        ...{ table: 'dead_letters', id, version: 0, timeMs },
        ...{ partition, offset: record.offset, index: 0 },
        record: null,
        values: {
          ...{ code, path, message, append_time: timeMs },
          source_topic: source.topic,
          source_partition: source.partition,
          source_offset: source.offset,
          source_index: source.index,
          size,
          body: bytes,
        },
      },
    ];
  };
}
