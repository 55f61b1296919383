import type { BatchPosition, EventBatch, PlacedControl } from '../batch/event-batch';
import { ID_HASH_BYTES } from '../hash/murmur3';
import { WORD_SLACK } from '../hash/word-slack';
import { MAX_RECORD_BYTES } from '../json/limits';
import { RecordReader } from '../json/record-reader';
import { RowReader } from '../json/row-reader';
import type { DedupeBounds, StreamSchema } from '../stream/schema';

import { DedupeHorizon } from './dedupe-horizon';
import { IdLog } from './id-log';
import { RecordLog } from './record-log';
import { RejectMessages, brokenAt } from './reject-message';
import { RowColumns } from './row-columns';
import { RowRerouter } from './row-rerouter';
import type { DeadLetter, EnrichResult, RawControl, RawRecord, RejectCode, Rerouted } from './types';

/** A batch ends with the record that reaches this many rows, and before the one that would pass this many bytes. */
export const MAX_BATCH_ROWS = 8192;
export const MAX_BATCH_BYTES = 1024 * 1024;

/** A row list of another partition may be longer by its brackets than the record the rows came in. */
const REROUTED_BRACKETS = 2;

const MAX_EVENT_TIME = 0;
const WATERMARK_INPUT = 1;
const MAX_APPEND = 2;

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
  private readonly partition: number;
  private readonly rows: RowReader;
  private readonly reader: RecordReader;
  private readonly messages: RejectMessages;
  private ids: DedupeHorizon;
  private batchIds: DedupeHorizon;

  private readonly schemaDefinition: string | null;
  private readonly columns: RowColumns;
  private readonly records = new RecordLog();
  private readonly idLog = new IdLog();
  private readonly rerouter = new RowRerouter();
  private rowIndexes = new Uint32Array(1024);
  private controls: PlacedControl[] = [];
  private batchIdBytes: Uint8Array[] = [];
  private batchIdRecords: number[] = [];
  private deadLetters: DeadLetter[] = [];
  private counts = new Counts();

  private from: number;
  private before: BatchPosition;
  private readonly times = new Float64Array(3);
  private rowsSeen: number;
  private held: boolean;
  private definition: string;
  private catalogOffset: number;
  private reroutedThrough: ReadonlyMap<number, number>;
  private remembered = -1;
  private started = false;

  constructor({ schema, partition, next, position, definition }: RawEnricherOptions) {
    this.schema = schema;
    this.schemaDefinition = definition ?? null;
    this.partition = partition;
    this.rows = new RowReader(schema);
    this.reader = new RecordReader(this.rows);
    this.messages = new RejectMessages(schema);
    this.columns = new RowColumns(this.rows);
    this.ids = new DedupeHorizon(schema.dedupe);
    this.batchIds = new DedupeHorizon(schema.dedupe);
    this.from = next;
    this.before = position;
    this.times[MAX_EVENT_TIME] = position.maxEventTimeMs;
    this.times[WATERMARK_INPUT] = position.watermarkInputMs;
    this.times[MAX_APPEND] = position.maxAppendMs;
    this.rowsSeen = position.rowsSeen;
    this.held = position.held;
    this.definition = position.definition;
    this.catalogOffset = position.catalogOffset;
    this.reroutedThrough = position.reroutedThrough;
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
    return this.schemaDefinition !== null && this.definition !== '' && this.definition !== this.schemaDefinition;
  }

  /**
   * An enricher for what follows, once another definition is in force: it knows the ids that this one knows, which is not to
   * be used any more.
   *
   * @param definition sha256 of what is in force; its dedupe bounds are those of the one before
   */
  under(schema: StreamSchema, definition: string): RawEnricher {
    const { partition, next, position } = this;
    const following = new RawEnricher({ schema, partition, next, position, definition });
    following.ids = this.ids;
    following.batchIds = this.batchIds;
    following.remembered = this.remembered;
    return following;
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
    if (this.remembered >= 0 && batch.rawFrom > this.remembered) {
      throw new RangeError(`raw records [${this.remembered}, ${batch.rawFrom}) are missing from the dedupe horizon`);
    }
    const { records, validCounts, idCounts, ids, idRows, batchIds, batchIdRecords } = batch;
    const idView = paddedView(ids);
    const batchIdView = paddedView(batchIds);
    let { rowsSeen, maxAppendMs } = batch.before;
    let id = 0;
    let batchId = 0;
    for (let record = 0; record < records.count; record++) {
      const offset = records.offsets[record] as number;
      const valid = validCounts[record] as number;
      const idsEnd = id + (idCounts[record] as number);
      maxAppendMs = Math.max(maxAppendMs, records.appendMs[record] as number);
      const isNew = offset >= this.remembered && offset < this.from;
      if (isNew) this.beginRecord(rowsSeen, maxAppendMs);
      for (let place = 0; id < idsEnd; id++, place++) {
        if (isNew) this.ids.take(idView, ID_HASH_BYTES * id, idRows?.[id] ?? place);
      }
      if (batchIdRecords[batchId] === record) {
        if (isNew && valid > 0) this.batchIds.take(batchIdView, ID_HASH_BYTES * batchId, valid - 1);
        batchId++;
      }
      rowsSeen += valid;
    }
    this.remembered = Math.max(this.remembered, batch.rawNext);
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
    const { times } = this;
    const appendMs = Math.max(times[MAX_APPEND] as number, record.appendMs);
    times[MAX_APPEND] = appendMs;
    this.beginRecord(this.rowsSeen, appendMs);
    const accepted = this.columns.rows;
    let valid = 0;
    if (record.control !== null) {
      this.obey(record.control, appendMs);
      this.controls.push({ record: this.records.count, payload: record.control.payload });
    } else {
      valid = this.takeRows(record, appendMs);
    }
    this.rowsSeen += valid;
    const input = times[WATERMARK_INPUT] as number;
    const rows = this.columns.rows - accepted;
    this.records.add(record.offset, record.appendMs, input, rows, valid, this.idLog.inRecord);
    this.idLog.beginRecord();
  }

  private beginRecord(rowsSeen: number, appendMs: number): void {
    this.ids.beginRecord(rowsSeen, appendMs);
    this.batchIds.beginRecord(rowsSeen, appendMs);
  }

  private obey(control: RawControl, appendMs: number): void {
    const { times } = this;
    switch (control.kind) {
      case 'advance':
        times[WATERMARK_INPUT] = Math.max(times[WATERMARK_INPUT] as number, Math.min(control.toMs, appendMs));
        break;
      case 'hold':
        this.held = true;
        break;
      case 'release':
        this.held = false;
        break;
      case 'definition':
        this.definition = control.sha256;
        break;
      case 'catalog':
        this.catalogOffset = control.offset;
        break;
      case 'other':
        break;
    }
  }

  /** Decides about each row of a record. Returns how many were valid by themselves. */
  private takeRows(record: RawRecord, appendMs: number): number {
    const { value, rerouted, batchId } = record;
    const batchIdView = batchId === null ? null : paddedView(batchId);
    const repeated = batchIdView !== null && this.batchIds.has(batchIdView, 0);
    if (batchId !== null) {
      this.batchIdBytes.push(batchId);
      this.batchIdRecords.push(this.records.count);
    }
    const limit = MAX_RECORD_BYTES + (rerouted === null ? 0 : REROUTED_BRACKETS);
    if (value === null || value.length === 0) return this.refuse(record, 'malformed-json');
    if (value.length > limit) return this.refuse(record, 'record-too-large');

    const { rows, reader, columns, idLog, counts, schema } = this;
    const { registers } = rows;
    const rowsBefore = columns.rows;
    const lettersBefore = this.deadLetters.length;
    const takenBefore = rerouted === null ? 0 : (this.reroutedThrough.get(rerouted.sourcePartition) ?? 0);
    const latestMs = appendMs + schema.eventTime.futureToleranceMs;
    let rowsIn = 0;
    let duplicates = 0;
    let misplaced = 0;
    let rounded = 0;
    let maxEventMs = -Infinity;
    let valid = 0;
    this.rerouter.beginRecord(record.offset, value.length);
    reader.open(value, 'raw');
    while (reader.next()) {
      const { index } = reader;
      if (rerouted !== null && (rerouted.rowOffsets[index] ?? Infinity) < takenBefore) continue;
      rowsIn++;
      if (rows.code !== null) {
        this.bury(record, rows.code, rows.problemSlot);
        continue;
      }
      const place = valid++;
      let duplicate = repeated;
      const { idSlot } = rows;
      if (idSlot >= 0) {
        rows.locate(idSlot);
        const at = idLog.add(rows.textBytes, rows.textStart, rows.textEnd, place);
        if (this.ids.take(idLog.view, at, place)) duplicate = true;
      }
      if (duplicate) {
        duplicates++;
        continue;
      }
      const eventMs = registers.number[registers.base + rows.eventTimeSlot] as number;
      if (eventMs > latestMs) {
        this.bury(record, 'in-the-future', rows.eventTimeSlot);
        continue;
      }
      const target = rerouted === null ? rows.keyPartition(schema.partitions) : this.partition;
      if (target !== this.partition) {
        misplaced++;
        this.rerouter.add(target, rows.cursor.bytes, reader.rowStart, reader.rowEnd);
        continue;
      }
      if (eventMs > maxEventMs) maxEventMs = eventMs;
      rounded += rows.rounded;
      this.noteRowIndex(index);
      columns.append();
    }
    if (reader.code !== null) {
      columns.truncate(rowsBefore);
      this.deadLetters.length = lettersBefore;
      this.ids.rollback();
      idLog.rollback();
      this.rerouter.rollback();
      return this.refuse(record, reader.code);
    }
    if (batchIdView !== null && valid > 0) this.batchIds.take(batchIdView, 0, valid - 1);
    this.advance(maxEventMs, appendMs);
    if (rerouted !== null) this.noteRerouted(rerouted);
    counts.rowsIn += rowsIn;
    counts.accepted += columns.rows - rowsBefore;
    counts.duplicates += duplicates;
    counts.rerouted += misplaced;
    counts.rounded += rounded;
    for (let i = lettersBefore; i < this.deadLetters.length; i++)
      counts.reject((this.deadLetters[i] as DeadLetter).code);
    return valid;
  }

  /** Moves the times at the end of a record whose newest accepted row is of `maxEventMs`. */
  private advance(maxEventMs: number, appendMs: number): void {
    const { times } = this;
    times[MAX_EVENT_TIME] = Math.max(times[MAX_EVENT_TIME] as number, maxEventMs);
    times[WATERMARK_INPUT] = Math.max(times[WATERMARK_INPUT] as number, Math.min(maxEventMs, appendMs));
  }

  private noteRerouted({ sourcePartition, sourceNext }: Rerouted): void {
    const through = Math.max(this.reroutedThrough.get(sourcePartition) ?? 0, sourceNext);
    this.reroutedThrough = new Map(this.reroutedThrough).set(sourcePartition, through);
  }

  private noteRowIndex(index: number): void {
    const { rows } = this.columns;
    if (rows === this.rowIndexes.length) {
      const larger = new Uint32Array(2 * rows);
      larger.set(this.rowIndexes);
      this.rowIndexes = larger;
    }
    this.rowIndexes[rows] = index;
  }

  /** Keeps the current row with its reason. */
  private bury(record: RawRecord, code: RejectCode, slot: number): void {
    const { reader, messages } = this;
    this.deadLetters.push({
      rawOffset: record.offset,
      index: reader.index,
      code,
      path: messages.path(slot),
      message: code === 'malformed-json' ? brokenAt(reader.failedAt, messages) : messages.message(code, slot),
      bytes: this.rows.cursor.bytes.slice(reader.rowStart, reader.rowEnd),
    });
  }

  /** Keeps a whole record with its reason; no row of it counts. */
  private refuse(record: RawRecord, code: RejectCode): number {
    const { reader, messages } = this;
    const broken = code === 'malformed-json' && record.value !== null && record.value.length > 0;
    this.deadLetters.push({
      rawOffset: record.offset,
      index: -1,
      code,
      path: '$',
      message: broken ? brokenAt(reader.failedAt, messages) : messages.message(code, -1),
      bytes: record.value?.slice() ?? new Uint8Array(0),
    });
    this.counts.rowsIn++;
    this.counts.reject(code);
    if (record.rerouted !== null) this.noteRerouted(record.rerouted);
    return 0;
  }

  private finish(rawFrom: number): EnrichResult {
    const { times, counts, deadLetters, columns } = this;
    const after: BatchPosition = {
      maxEventTimeMs: times[MAX_EVENT_TIME] as number,
      watermarkInputMs: times[WATERMARK_INPUT] as number,
      maxAppendMs: times[MAX_APPEND] as number,
      held: this.held,
      rowsSeen: this.rowsSeen,
      definition: this.definition,
      catalogOffset: this.catalogOffset,
      reroutedThrough: this.reroutedThrough,
    };
    const { ids, idRows } = this.idLog.finish();
    const rows = columns.rows;
    const batch: EventBatch = {
      stream: this.schema.stream,
      partition: this.partition,
      rawFrom,
      rawNext: this.from,
      before: this.before,
      after,
      ...this.records.finish(),
      controls: this.controls,
      rows,
      rowIndexes: this.rowIndexes.slice(0, rows),
      columns: columns.finish(),
      ids,
      ...(idRows === null ? {} : { idRows }),
      batchIds: endToEnd(this.batchIdBytes),
      batchIdRecords: Uint32Array.from(this.batchIdRecords),
    };
    this.before = after;
    this.controls = [];
    this.batchIdBytes = [];
    this.batchIdRecords = [];
    this.deadLetters = [];
    this.counts = new Counts();
    this.idLog.beginRecord();
    const reroutes = this.rerouter.finish(rawFrom, this.from);
    const { rowsIn, accepted, duplicates, rerouted, rounded, rejected } = counts;
    return {
      batch,
      deadLetters,
      reroutes,
      after,
      counts: { rowsIn, accepted, duplicates, rerouted, rounded, rejected },
    };
  }
}

/**
 * Whether no row before `batch` can make a row at or after `position` a duplicate: the batch to begin with when the
 * horizon at `position` is rebuilt.
 */
export function coversHorizon(
  { withinMs, maxRows }: DedupeBounds,
  batch: EventBatch,
  position: BatchPosition,
): boolean {
  const { before } = batch;
  if (before.rowsSeen === 0) return true;
  return position.maxAppendMs - before.maxAppendMs > withinMs || position.rowsSeen + 1 - before.rowsSeen > maxRows;
}

class Counts {
  rowsIn = 0;
  accepted = 0;
  duplicates = 0;
  rerouted = 0;
  rounded = 0;
  readonly rejected: Partial<Record<RejectCode, number>> = {};

  reject(code: RejectCode): void {
    this.rejected[code] = (this.rejected[code] ?? 0) + 1;
  }
}

function paddedView(bytes: Uint8Array): DataView {
  const padded = new Uint8Array(bytes.length + WORD_SLACK);
  padded.set(bytes);
  return new DataView(padded.buffer);
}

function endToEnd(ids: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(ID_HASH_BYTES * ids.length);
  ids.forEach((id, i) => bytes.set(id, ID_HASH_BYTES * i));
  return bytes;
}
