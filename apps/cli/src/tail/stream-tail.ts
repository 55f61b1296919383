import type { StreamDefinition } from '@tillstream/contracts';
import { type EventBatch, rowToJson } from '@tillstream/core';
import { lastBatch, type LogReader, readableBatch, recordsBetween } from '@tillstream/engine';

/** What has come since a tail was opened. */
export interface TailCounts {
  /** Events that count. */
  readonly events: number;
  /** Events that were right, but left out: nearly always because they had come before. */
  readonly leftOut: number;
  readonly deadLetters: number;
  /** Raw records that have not been enriched. */
  readonly behind: number;
  /** Newest event time; -Infinity: no event has come. */
  readonly newestMs: number;
}

interface PartitionPlace {
  readonly partition: number;
  /** Next offset of `enriched`, and of the topic of dead letters. */
  at: number;
  deadLettersAt: number;
  /** Raw records below this have been seen: a batch may stand in the log more than once. */
  rawNext: number;
}

/** Follows what the enricher has made of a stream, from the end of the log or its beginning on. */
export class StreamTail {
  private counts: TailCounts = { events: 0, leftOut: 0, deadLetters: 0, behind: 0, newestMs: -Infinity };

  private constructor(
    private readonly reader: LogReader,
    private readonly definition: StreamDefinition,
    private readonly places: readonly PartitionPlace[],
  ) {}

  /** @param edge where in the retained log the tail begins */
  static async open(reader: LogReader, definition: StreamDefinition, edge: 'begin' | 'end'): Promise<StreamTail> {
    const { schema, topics } = definition;
    const partitions = Array.from({ length: schema.partitions }, (_, partition) => partition);
    const places = partitions.map(async (partition): Promise<PartitionPlace> => {
      const newest = edge === 'begin' ? null : await lastBatch(reader, definition, partition);
      return {
        partition,
        at: newest === null ? await reader.begin(topics.enriched, partition) : newest.offset + 1,
        deadLettersAt: await reader[edge](topics.deadLetters, partition),
        rawNext: newest?.batch.rawNext ?? 0,
      };
    });
    return new StreamTail(reader, definition, await Promise.all(places));
  }

  /**
   * Reads up to where the log ends now.
   *
   * @param take is told of each event, as JSON, in the order of its partition
   */
  async look(take: (event: string) => void = () => undefined): Promise<TailCounts> {
    const behind = await Promise.all(this.places.map((place) => this.lookAt(place, take)));
    this.counts = { ...this.counts, behind: behind.reduce((sum, records) => sum + records, 0) };
    return this.counts;
  }

  private async lookAt(place: PartitionPlace, take: (event: string) => void): Promise<number> {
    const { reader, definition } = this;
    const { topics } = definition;
    const { partition } = place;
    const end = await reader.end(topics.enriched, partition);
    for await (const record of recordsBetween(reader, topics.enriched, partition, place.at, end)) {
      const batch = readableBatch(record);
      if (batch !== null && batch.rawNext > place.rawNext) this.add(batch, place, take);
    }
    place.at = Math.max(place.at, end);
    const deadLetters = await reader.end(topics.deadLetters, partition);
    this.counts = { ...this.counts, deadLetters: this.counts.deadLetters + deadLetters - place.deadLettersAt };
    place.deadLettersAt = deadLetters;
    const rawBegin = await reader.begin(topics.raw, partition);
    return Math.max(0, (await reader.end(topics.raw, partition)) - Math.max(rawBegin, place.rawNext));
  }

  private add(batch: EventBatch, place: PartitionPlace, take: (event: string) => void): void {
    const { schema } = this.definition;
    const { count, offsets, rowCounts } = batch.records;
    let events = 0;
    let leftOut = 0;
    let row = 0;
    for (let record = 0; record < count; record += 1) {
      const rows = rowCounts[record] ?? 0;
      if ((offsets[record] ?? 0) >= place.rawNext) {
        events += rows;
        leftOut += (batch.validCounts[record] ?? 0) - rows;
        for (let i = row; i < row + rows; i += 1) take(rowToJson(schema, batch, i));
      }
      row += rows;
    }
    place.rawNext = batch.rawNext;
    this.counts = {
      ...this.counts,
      events: this.counts.events + events,
      leftOut: this.counts.leftOut + leftOut,
      newestMs: Math.max(this.counts.newestMs, batch.after.maxEventTimeMs),
    };
  }
}
