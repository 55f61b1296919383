import type { BatchPosition, EventBatch, PlacedControl } from '../batch/event-batch';
import { paddedView } from '../hash/word-slack';
import { MAX_RECORD_BYTES } from '../json/limits';
import { RecordReader } from '../json/record-reader';
import { RowReader } from '../json/row-reader';
import type { StreamSchema } from '../stream/schema';

import { BatchIdLog } from './batch-id-log';
import { DeadLetterLog } from './dead-letter-log';
import { IdLog } from './id-log';
import { KnownIds } from './known-ids';
import { RecordLog } from './record-log';
import { RowColumns } from './row-columns';
import { RowRerouter } from './row-rerouter';
import { RunningPosition } from './running-position';
import type { EnrichResult, RawRecord, RejectCode } from './types';

/** A batch ends with the record that reaches this many rows, and before the one that would pass this many bytes. */
export const MAX_BATCH_ROWS = 8192;
export const MAX_BATCH_BYTES = 1024 * 1024;

/** A row list of another partition may be longer by its brackets than the record the rows came in. */
const REROUTED_BRACKETS = 2;

/** One partition of a stream, and where the work on it goes on. */
export interface RawEnricherOptions {
  readonly schema: StreamSchema;
  readonly partition: number;
  /** First raw offset that no batch covers yet. */
  readonly next: number;
  /** What stands there: `after` of the batch before, or `emptyPosition()`. */
  readonly position: BatchPosition;
  /** sha256 of the definition that the schema is of; absent: whatever definition records say is only noted. */
  readonly definition?: string;
}

/**
 * Turns the raw records of one partition into batches. What it says of a record is a function of the raw log alone: of
 * the rows, the append times and the control records before it; neither of any clock nor of where batches are cut.
 *
 * Of each row, in this order: it is dropped when it was re-routed here before; it is a dead letter when it is not valid
 * by itself; from here on it counts for the dedupe horizon, and its id is remembered; it is a duplicate when its id or
 * its record's batch-id stood within the horizon; a dead letter when it is too far in the future; re-routed when its key
 * belongs elsewhere; else accepted.
 *
 * A record that puts another definition in force ends its batch: the rows of a batch are all read under one definition.
 * What follows is for an enricher with the schema of that definition.
 */
export class RawEnricher {
  private readonly schema: StreamSchema;
  private readonly schemaDefinition: string | null;
  private readonly partition: number;
  private readonly rows: RowReader;
  private readonly reader: RecordReader;

  private readonly columns: RowColumns;
  private readonly records = new RecordLog();
  private readonly idLog = new IdLog();
  private readonly batchIdLog = new BatchIdLog();
  private readonly deadLetters: DeadLetterLog;
  private readonly rerouter = new RowRerouter();
  private controls: PlacedControl[] = [];
  private counts = noRows();
  private aheadMs = -Infinity;

  private from: number;
  private before: BatchPosition;
  private readonly reached: RunningPosition;
  private started = false;

  constructor(
    { schema, partition, next, position, definition }: RawEnricherOptions,
    private readonly known = new KnownIds(schema.dedupe),
  ) {
    this.schema = schema;
    this.schemaDefinition = definition ?? null;
    this.partition = partition;
    this.rows = new RowReader(schema);
    this.reader = new RecordReader(this.rows);
    this.columns = new RowColumns(this.rows);
    this.deadLetters = new DeadLetterLog(this.reader, this.rows);
    this.from = next;
    this.before = position;
    this.reached = new RunningPosition(position);
  }

  /** First raw offset that no batch covers yet. */
  get next(): number {
    return this.from;
  }

  /** What stands at `next`. */
  get position(): BatchPosition {
    return this.before;
  }

  /** Has a record put another definition in force than the one of the schema? */
  get isSuperseded(): boolean {
    const { schemaDefinition } = this;
    const { definition } = this.reached;
    return schemaDefinition !== null && definition !== '' && definition !== schemaDefinition;
  }

  /**
   * An enricher for what follows, once another definition is in force: it knows the ids that this one knows, which is not to
   * be used any more.
   *
   * @param definition sha256 of what is in force; its dedupe bounds are those of the one before
   */
  under(schema: StreamSchema, definition: string): RawEnricher {
    const { partition, next, position } = this;
    return new RawEnricher({ schema, partition, next, position, definition }, this.known);
  }

  /**
   * Takes the ids of an earlier batch of this partition into the horizon. Call it with the batches before `next` in the
   * order of their ranges, from one that `coversHorizon` on, before the first `apply`; overlapping and repeated ranges
   * are taken once.
   *
   * @throws RangeError for a hole between the batches, or once records were applied
   */
  remember(batch: EventBatch): void {
    if (this.started) throw new RangeError('the horizon can only be rebuilt before the first record');
    this.known.remember(batch, this.from);
  }

  /**
   * Makes a batch of records from the front of `records` (in offset order, gaps allowed): whole records, at least one,
   * up to about MAX_BATCH_ROWS rows and MAX_BATCH_BYTES of values. `consumed` of them are done with; those below `next`
   * count as done already.
   *
   * @throws RangeError without records, and once another definition is in force
   */
  apply(records: readonly RawRecord[]): EnrichResult & { readonly consumed: number } {
    if (records.length === 0) throw new RangeError('no records to apply');
    if (this.isSuperseded) throw new RangeError('another definition is in force: its rows are not for this schema');
    this.started = true;
    const rawFrom = this.from;
    const consumed = this.takeRecords(records);
    const result = this.finish(rawFrom);
    this.rows.cursor.close();
    return { ...result, consumed };
  }

  private takeRecords(records: readonly RawRecord[]): number {
    let bytes = 0;
    let consumed = 0;
    for (; consumed < records.length; consumed++) {
      const record = records[consumed] as RawRecord;
      if (record.offset < this.from) continue;
      const size = record.value?.length ?? 0;
      if (this.records.count > 0 && (this.counts.rowsIn >= MAX_BATCH_ROWS || bytes + size > MAX_BATCH_BYTES)) break;
      bytes += size;
      this.takeRecord(record);
      this.from = record.offset + 1;
      if (this.isSuperseded) return consumed + 1;
    }
    return consumed;
  }

  private takeRecord(record: RawRecord): void {
    const { reached, columns, records, controls, idLog } = this;
    const appendMs = reached.beginRecord(record.appendMs);
    this.known.beginRecord(reached.rowsSeen, appendMs);
    const rowsBefore = columns.rows;
    let valid = 0;
    if (record.control !== null) {
      reached.obey(record.control, appendMs);
      controls.push({ record: records.count, payload: record.control.payload });
    } else {
      valid = this.takeRows(record, appendMs);
      if (record.rerouted !== null) reached.noteRerouted(record.rerouted);
    }
    reached.rowsSeen += valid;
    const rows = columns.rows - rowsBefore;
    records.add(record.offset, record.appendMs, reached.watermarkInputMs, rows, valid, idLog.inRecord);
    idLog.beginRecord();
  }

  /** Decides about each row of a record. Returns how many were valid by themselves. */
  private takeRows(record: RawRecord, appendMs: number): number {
    const { value, rerouted, batchId } = record;
    const batchIdView = batchId === null ? null : paddedView(batchId);
    const repeated = batchIdView !== null && this.known.ofBatches.has(batchIdView, 0);
    if (batchId !== null) this.batchIdLog.add(batchId, this.records.count);
    const limit = MAX_RECORD_BYTES + (rerouted === null ? 0 : REROUTED_BRACKETS);
    this.deadLetters.beginRecord(record);
    if (value === null || value.length === 0) return this.refuse(record, 'malformed-json');
    if (value.length > limit) return this.refuse(record, 'record-too-large');

    const { rows, reader, columns, idLog, deadLetters, counts, schema, reached } = this;
    const ids = this.known.ofRows;
    const { registers } = rows;
    const rowsBefore = columns.rows;
    const takenBefore = rerouted === null ? 0 : reached.reroutedFrom(rerouted.sourcePartition);
    const latestMs = appendMs + schema.eventTime.futureToleranceMs;
    let rowsIn = 0;
    let duplicates = 0;
    let rounded = 0;
    let maxEventMs = -Infinity;
    let maxFutureMs = -Infinity;
    let valid = 0;
    this.rerouter.beginRecord(record.offset, value.length);
    reader.open(value, 'raw');
    while (reader.next()) {
      const { index } = reader;
      if (rerouted !== null && (rerouted.rowOffsets[index] ?? Infinity) < takenBefore) continue;
      rowsIn++;
      if (rows.code !== null) {
        deadLetters.addRow(record.offset, rows.code, rows.problemSlot);
        continue;
      }
      const place = valid++;
      let duplicate = repeated;
      const { idSlot } = rows;
      if (idSlot >= 0) {
        rows.locate(idSlot);
        const at = idLog.add(rows.textBytes, rows.textStart, rows.textEnd, place);
        if (ids.take(idLog.view, at, place)) duplicate = true;
      }
      if (duplicate) {
        duplicates++;
        continue;
      }
      const eventMs = registers.number[registers.base + rows.eventTimeSlot] as number;
      if (eventMs > latestMs) {
        deadLetters.addRow(record.offset, 'in-the-future', rows.eventTimeSlot);
        if (eventMs > maxFutureMs) maxFutureMs = eventMs;
        continue;
      }
      const target = rerouted === null ? rows.keyPartition(schema.partitions) : this.partition;
      if (target !== this.partition) {
        this.rerouter.add(target, rows.cursor.bytes, reader.rowStart, reader.rowEnd);
        continue;
      }
      if (eventMs > maxEventMs) maxEventMs = eventMs;
      rounded += rows.values.rounded;
      columns.append(index);
    }
    if (reader.code !== null) {
      columns.truncate(rowsBefore);
      ids.rollback();
      idLog.rollback();
      this.rerouter.rollback();
      return this.refuse(record, reader.code);
    }
    if (batchIdView !== null && valid > 0) this.known.ofBatches.take(batchIdView, 0, valid - 1);
    reached.advance(maxEventMs, appendMs);
    this.aheadMs = Math.max(this.aheadMs, Math.max(maxEventMs, maxFutureMs) - record.appendMs);
    counts.rowsIn += rowsIn;
    counts.duplicates += duplicates;
    counts.rounded += rounded;
    return valid;
  }

  /** Keeps a whole record with its reason; no row of it counts. */
  private refuse(record: RawRecord, code: RejectCode): number {
    this.deadLetters.addRecord(record, code);
    this.counts.rowsIn++;
    return 0;
  }

  private finish(rawFrom: number): EnrichResult {
    const { schema, partition, before, counts, controls, aheadMs } = this;
    const after = this.reached.snapshot();
    const { ids, idRows } = this.idLog.finish();
    const { deadLetters, rejected } = this.deadLetters.finish();
    const reroutes = this.rerouter.finish(rawFrom, this.from);
    const { rows } = this.columns;
    const batch: EventBatch = {
      stream: schema.stream,
      partition,
      rawFrom,
      rawNext: this.from,
      before,
      after,
      ...this.records.finish(),
      controls,
      rows,
      ...this.columns.finish(),
      ids,
      ...(idRows === null ? {} : { idRows }),
      ...this.batchIdLog.finish(),
    };
    this.before = after;
    this.controls = [];
    this.counts = noRows();
    this.aheadMs = -Infinity;
    this.idLog.beginRecord();
    const rerouted = reroutes.reduce((sum, { rowOffsets }) => sum + rowOffsets.length, 0);
    return { batch, deadLetters, reroutes, after, aheadMs, counts: { ...counts, accepted: rows, rerouted, rejected } };
  }
}

/** Rows of a batch that are to be seen in nothing else of it. */
function noRows() {
  return { rowsIn: 0, duplicates: 0, rounded: 0 };
}
