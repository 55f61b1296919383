import type { LateEntry, StreamDefinition } from '@tillstream/contracts';
import { decodeLateRows } from '@tillstream/contracts';
import type { LogReader } from '../ports/log';
import { recordsBetween } from '../task/log-tail';

/** A place between two late rows of a partition, and what was read before it. */
export interface LatePlace {
  /** Offset in the late topic, and how many rows of that record lie before the place. */
  readonly offset: number;
  readonly line: number;
  /** The furthest row before the place: rows at or before it that come again are copies. */
  readonly rawOffset: number;
  readonly index: number;
  /** Metrics whose miss of that very row was read. */
  readonly told: readonly string[];
}

/** A late row with the place behind it; without a row: a record has been read to its end. */
export interface PlacedLateRow {
  readonly entry: LateEntry | null;
  readonly after: LatePlace;
}

/** Where the late rows of a partition begin whose records were appended at or after an instant. */
export async function latePlaceAt(
  reader: LogReader,
  { topics }: StreamDefinition,
  partition: number,
  appendMs: number,
): Promise<LatePlace> {
  const offset =
    appendMs > 0
      ? ((await reader.offsetAtOrAfter(topics.late, partition, appendMs)) ?? (await reader.end(topics.late, partition)))
      : await reader.begin(topics.late, partition);
  return { offset, line: 0, rawOffset: -1, index: -1, told: [] };
}

/**
 * The late rows of a partition from a place on, in raw order, each once. A task that has crashed tells rows again, and
 * always from one on that it has told before: so whatever does not go further is a copy.
 */
export async function* lateRowsFrom(
  reader: LogReader,
  { topics }: StreamDefinition,
  partition: number,
  from: LatePlace,
  end: number,
): AsyncGenerator<PlacedLateRow, void, void> {
  let { rawOffset, index, told } = from;
  for await (const record of recordsBetween(reader, topics.late, partition, from.offset, end)) {
    const skipped = record.offset === from.offset ? from.line : 0;
    for (const [line, entry] of decodeLateRows(record).entries()) {
      if (line < skipped) continue;
      const further = entry.offset - rawOffset || entry.index - index;
      if (further < 0 || (further === 0 && told.includes(entry.identity))) continue;
      told = further === 0 ? [...told, entry.identity] : [entry.identity];
      ({ offset: rawOffset, index } = entry);
      yield { entry, after: { offset: record.offset, line: line + 1, rawOffset, index, told } };
    }
    yield { entry: null, after: { offset: record.offset + 1, line: 0, rawOffset, index, told } };
  }
}
