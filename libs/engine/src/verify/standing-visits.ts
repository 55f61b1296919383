import type { DerivedOf, StreamDefinition } from '@tillstream/contracts';
import { decodeAttribution, decodeSession } from '@tillstream/contracts';
import type { LogReader, LogRecord } from '../ports/log';
import { readableBatch } from '../task/readable-batch';
import { newestFirst, recordsBetween } from '../task/log-tail';
import type { PlacedFinal } from './final-table';
import { FinalTable } from './final-table';

/** Append times go by a broker's clock, which may be set back this far. */
const CLOCK_SLACK_MS = 60 * 60 * 1000;
const EMPTY = new Uint8Array(0);

/** What a record of a session or an attribution says of its place. */
export interface ToldVisit {
  /** Of a session its end, of an attribution its purchase. */
  readonly timeMs: number;
  /** Raw offset of the record that has closed or decided it. */
  readonly saidBy: number;
}

/** Reads a record of a topic of sessions or attributions; null for what is not understood. */
export function readVisit(of: DerivedOf, record: Pick<LogRecord, 'value'>, moneyExponent: number): ToldVisit | null {
  if (of === 'sessions') {
    const session = decodeSession(record, moneyExponent);
    return session && { timeMs: session.endMs, saidBy: session.closedBy };
  }
  const attribution = decodeAttribution(record, moneyExponent);
  return attribution && { timeMs: attribution.timeMs, saidBy: attribution.decidedBy };
}

/** A range of times, [fromMs, toMs), of sessions or attributions. */
export interface VisitRange {
  readonly of: DerivedOf;
  readonly fromMs: number;
  readonly toMs: number;
}

/** Why something that raw gives does not stand there. */
export type VisitAbsence = 'awaited' | 'expired' | 'missing';

/** Sessions or attributions of a range as they stand in their topic. */
export class StandingVisits {
  private readonly table = new FinalTable();
  /** Copies under one key that differ from the first. */
  readonly conflicts: PlacedFinal[] = [];
  /** By partition: everything that comes of raw records below this stands there. */
  private readonly toldThrough: number[] = [];
  /** By partition, where the first records have expired: what comes of raw records below this may have. */
  private readonly keptFrom: number[] = [];

  private constructor(
    readonly topic: string,
    private readonly range: VisitRange,
  ) {}

  static async read(reader: LogReader, definition: StreamDefinition, range: VisitRange): Promise<StandingVisits> {
    const { topics, schema } = definition;
    const [topic, rows] =
      range.of === 'sessions' ? [topics.sessions, topics.sessionRows] : [topics.attributions, topics.attributionRows];
    const standing = new StandingVisits(topic, range);
    for (let partition = 0; partition < schema.partitions; partition++) {
      // Before the topic itself is read: what is told meanwhile is not missed.
      standing.toldThrough.push(await rowsEnd(reader, rows, partition));
      await standing.readPartition(reader, definition, partition);
    }
    return standing;
  }

  get count(): number {
    return this.table.count;
  }

  check(partition: number, key: Uint8Array, value: Uint8Array): 'equal' | 'missing' | PlacedFinal {
    return this.table.check(partition, key, value);
  }

  unseen(): Iterable<PlacedFinal> {
    return this.table.unseen();
  }

  absence(partition: number, { saidBy }: ToldVisit): VisitAbsence {
    if (saidBy >= (this.toldThrough[partition] ?? 0)) return 'awaited';
    return saidBy < (this.keptFrom[partition] ?? 0) ? 'expired' : 'missing';
  }

  isWanted({ timeMs }: ToldVisit): boolean {
    return timeMs >= this.range.fromMs && timeMs < this.range.toMs;
  }

  private async readPartition(reader: LogReader, { schema }: StreamDefinition, partition: number): Promise<void> {
    const { topic } = this;
    const [begin, end] = [await reader.begin(topic, partition), await reader.end(topic, partition)];
    const oldestMs = this.range.fromMs - schema.eventTime.futureToleranceMs - CLOCK_SLACK_MS;
    const from = oldestMs > 0 ? ((await reader.offsetAtOrAfter(topic, partition, oldestMs)) ?? end) : begin;
    for await (const record of recordsBetween(reader, topic, partition, from, end)) {
      const told = readVisit(this.range.of, record, schema.money.exponent);
      if (!told || !this.isWanted(told)) continue;
      const { key, value, offset } = record;
      const isSame = this.table.add(partition, key ?? EMPTY, value ?? EMPTY, offset, told.timeMs);
      if (!isSame) this.conflicts.push({ partition, offset, startMs: told.timeMs });
    }
    this.keptFrom.push(begin === 0 ? 0 : await this.firstSaidBy(reader, schema.money.exponent, partition, begin, end));
  }

  /** Raw offset of the record behind the first one that is kept. */
  private async firstSaidBy(
    reader: LogReader,
    moneyExponent: number,
    partition: number,
    begin: number,
    end: number,
  ): Promise<number> {
    for await (const record of recordsBetween(reader, this.topic, partition, begin, end)) {
      const told = readVisit(this.range.of, record, moneyExponent);
      if (told) return told.saidBy;
    }
    return Infinity;
  }
}

/** Everything that comes of raw records below this has been told. */
async function rowsEnd(reader: LogReader, topic: string, partition: number): Promise<number> {
  for await (const record of newestFirst(reader, topic, partition)) {
    const batch = readableBatch(record);
    if (batch) return batch.rawNext;
  }
  return 0;
}
