import type { EventBatch } from '@tillstream/core';
import type { FeedTable } from '@tillstream/contracts';
import type { LogRecord, PartitionSource } from '../ports/log';
import type { FeedPortion } from '../ports/sink';
import type { TaskLog } from '../ports/telemetry';
import { judgeRange } from '../task/chain';
import type { GapLedger } from '../task/gap-ledger';
import { readableBatch } from '../task/readable-batch';
import { StopPartitionError } from '../task/stop-partition';
import type { FeedIntake, FeedStart } from './feed-intake';

/** What an intake of events is made of. */
export interface EventIntakeOptions {
  readonly task: string;
  /** Of the gaps that an operator may accept. */
  readonly service: string;
  readonly stream: string;
  readonly source: Pick<PartitionSource, 'topic' | 'partition'>;
  readonly table: FeedTable;
  readonly gaps: GapLedger;
  /** Indexes of the rows that are wanted, ascending, of raw records from an offset on. */
  readonly select: (batch: EventBatch, from: number) => Uint32Array;
  /** Resolves when it is known under which file the batch was made; else throws what ends the task. */
  readonly assertKnown: (sha256: string) => Promise<void>;
  readonly log: TaskLog;
}

/** Batches of `enriched`, each raw record once: what is known already is cut off, and a hole is never passed. */
export class EventIntake implements FeedIntake {
  private at: number | null;
  private seekAt: number;

  constructor(
    private readonly options: EventIntakeOptions,
    start: FeedStart,
  ) {
    this.at = start.next;
    this.seekAt = start.seek;
  }

  get next(): number {
    return this.at ?? 0;
  }

  get seek(): number {
    return this.seekAt;
  }

  async *portionsOf(records: readonly LogRecord[]): AsyncIterable<FeedPortion> {
    for (const record of records) {
      const batch = readableBatch(record);
      this.seekAt = record.offset + 1;
      if (batch) {
        // A batch is read under one file: another one that stands in it is its last record.
        await this.options.assertKnown(batch.before.definition);
        const portion = this.portionOf(batch, record);
        if (portion) yield portion;
      } else if (record.value) {
        // Was it a batch, the next one shows that something is missing.
        const { task, source, log } = this.options;
        log.warn('unreadable_batch', { task, topic: source.topic, offset: record.offset });
      }
    }
  }

  private portionOf(batch: EventBatch, record: LogRecord): FeedPortion | null {
    const { gaps, table, select } = this.options;
    const from = (this.at ??= batch.rawFrom);
    const verdict = judgeRange(batch, from);
    if (verdict === 'drop') return null;
    if (verdict === 'hole' && gaps.behind(from) < batch.rawFrom) this.refuseHole(batch, record, from);
    this.at = batch.rawNext;
    return { from, next: batch.rawNext, rows: { kind: 'columns', table, batch, selected: select(batch, from) } };
  }

  private refuseHole(batch: EventBatch, record: LogRecord, next: number): never {
    const { task, service, stream, source } = this.options;
    throw new StopPartitionError(
      'hole-in-log',
      task,
      `the batch at offset ${record.offset} of ${source.topic}/${source.partition} begins at raw offset ` +
        `${batch.rawFrom}, but everything from ${next} on is still missing; restore the topic, or accept the loss with ` +
        `\`till skip ${service} ${stream} ${source.partition} ${next} ${batch.rawFrom}\``,
    );
  }
}
