import type { LateEntry, StreamDefinition } from '@tillstream/contracts';
import { decodeLateRows } from '@tillstream/contracts';
import type { LogReader } from '../ports/log';
import { recordsBetween } from '../task/log-tail';

/** A place between two late rows of a partition, and what was read before it. */
export interface LatePlace {
  /** Offset in the late topic, and how many rows of that record lie before the place. */
  readonly offset: number;
  readonly line: number;
  /** By identity of what was missed, the furthest row before the place: rows at or before it that come again are copies. */
  readonly told: ReadonlyMap<string, LateRowPlace>;
}

/** Where a late row stands in raw: its record, and its place within. */
export interface LateRowPlace {
  readonly offset: number;
  readonly index: number;
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
  return { offset, line: 0, told: new Map() };
}

/**
 * The late rows of a partition from a place on, each once; those that missed the same are in raw order. A task that has
 * crashed tells rows again, and always from one on that it has told before: so whatever does not go further is a copy. Tasks
 * of events and of what is derived from them tell here, each in its own time: none goes further but for itself.
 */
export async function* lateRowsFrom(
  reader: LogReader,
  { topics }: StreamDefinition,
  partition: number,
  from: LatePlace,
  end: number,
): AsyncGenerator<PlacedLateRow, void, void> {
  let { told } = from;
  for await (const record of recordsBetween(reader, topics.late, partition, from.offset, end)) {
    const skipped = record.offset === from.offset ? from.line : 0;
    for (const [line, entry] of decodeLateRows(record).entries()) {
      if (line < skipped) continue;
      const { identity, offset, index } = entry;
      const furthest = told.get(identity);
      if (furthest && (offset - furthest.offset || index - furthest.index) <= 0) continue;
      told = new Map(told).set(identity, { offset, index });
      yield { entry, after: { offset: record.offset, line: line + 1, told } };
    }
    yield { entry: null, after: { offset: record.offset + 1, line: 0, told } };
  }
}
