import type {
  EnrichResult,
  EventBatch,
  GroupValue,
  MetricDefinition,
  RejectCode,
  StreamSchema,
} from '@tillstream/core';
import { RowMatcher, rowToJson } from '@tillstream/core';
import type { LateEntry } from '@tillstream/contracts';
import type { LogRecord } from '../ports/log';
import { eachRow } from '../recompute/row-places';
import { droppedDuplicates } from './dropped-duplicates';
import { GroupRows } from './group-rows';
import type { RowFate, SampleRow } from './sample-rows';
import { SampleRows, sampledTraceId } from './sample-rows';

/** The group of a window that is looked at. */
export interface ExplainedGroup {
  readonly schema: StreamSchema;
  readonly metric: MetricDefinition;
  readonly startMs: number;
  readonly endMs: number;
  /** In the order of groupBy. */
  readonly group: readonly GroupValue[];
}

/** What one partition of raw has to do with a group of a window. */
export interface PartitionCensus {
  readonly partition: number;
  /** Raw offsets [from, next) that were read. */
  readFrom: number;
  readNext: number;
  /** From the first raw record with a counted row to behind the last; null: none was counted. */
  contributed: { readonly from: number; readonly next: number } | null;
  /** Raw records with counted rows. */
  records: number;
  /** Rows of the group by what became of them. */
  readonly rows: Record<RowFate, number>;
  /** Rows of other groups that count in the window. */
  otherGroups: number;
  /**
   * Rows that are no events, by their reason. Nobody can tell whether they belonged to the window: they stand between the first
   * and the last raw record that hold rows of it.
   */
  readonly deadLetters: Map<RejectCode, number>;
  /** Offset of the raw record that closed the window here; null: it is still open. */
  closedAt: number | null;
}

/** What has become of a batch of raw records, and the records. */
export interface EnrichedRecords {
  readonly result: EnrichResult;
  readonly records: readonly LogRecord[];
  /** Of the stream file that they were read under. */
  readonly schema: StreamSchema;
}

const MOST_TRACES = 20;

/** Counts, partition by partition, what became of each row of a group and window. */
export class RowCensus {
  readonly partitions: readonly PartitionCensus[];
  /** Of the writes that have brought counted rows, the first ones that were sampled. */
  readonly traceIds = new Set<string>();
  private readonly samples: SampleRows;
  private readonly matcher: RowMatcher;
  private readonly group: GroupRows;
  private readonly endMs: number;
  /** By partition: dead letters since the last record with rows of the window; null before the first. */
  private readonly waiting: (Map<RejectCode, number> | null)[];

  constructor(
    private readonly explained: ExplainedGroup,
    mostSamples: number,
  ) {
    const { schema, metric, endMs, group } = explained;
    this.endMs = endMs;
    this.matcher = new RowMatcher(schema, [metric]);
    this.group = new GroupRows(schema, metric, group);
    this.samples = new SampleRows(mostSamples);
    this.waiting = Array.from({ length: schema.partitions }, () => null);
    this.partitions = Array.from({ length: schema.partitions }, (_, partition) => ({
      ...{ partition, readFrom: 0, readNext: 0, contributed: null, records: 0, otherGroups: 0, closedAt: null },
      rows: { counted: 0, late: 0, duplicate: 0, filtered: 0 },
      deadLetters: new Map<RejectCode, number>(),
    }));
  }

  get sampleRows(): SampleRow[] {
    return this.samples.taken();
  }

  /** Takes the next batch of its partition, and what was left out of it. */
  add(batch: EventBatch, enriched: EnrichedRecords): void {
    const { result, records } = enriched;
    const census = this.partitions[batch.partition] as PartitionCensus;
    this.begin(batch);
    const { records: table, before } = batch;
    let inputMs = before.watermarkInputMs;
    let row = 0;
    let letter = 0;
    for (let record = 0; record < table.count; record++) {
      const offset = table.offsets[record] as number;
      const isClosed = this.isClosedBy(inputMs);
      const counted = census.rows.counted;
      let inWindow = 0;
      for (const end = row + (table.rowCounts[record] as number); row < end; row++) {
        if (!this.isInWindow(row)) continue;
        inWindow += 1;
        this.addRow(batch, row, offset, census, isClosed, records);
      }
      const letters: RejectCode[] = [];
      for (; (result.deadLetters[letter]?.rawOffset ?? Infinity) <= offset; letter++) {
        letters.push((result.deadLetters[letter] as (typeof result.deadLetters)[number]).code);
      }
      this.addLetters(census, letters, inWindow > 0);
      if (census.rows.counted > counted) this.noteContribution(census, offset, records);
      inputMs = table.inputAfterMs[record] as number;
      if (census.closedAt === null && this.isClosedBy(inputMs)) census.closedAt = offset;
    }
    this.addDuplicates(enriched);
    census.readNext = batch.rawNext;
  }

  /** A row that came behind what was read, and that the late ledger tells of. Rows of other groups are passed over. */
  addLate({ partition, offset, index, json }: LateEntry, eventMs: number): void {
    if (!this.group.hasJson(json)) return;
    const census = this.partitions[partition] as PartitionCensus;
    census.rows.late += 1;
    const place = { partition, offset, index, eventMs, json, traceId: null };
    this.samples.offer('late', partition, () => ({ fate: 'late', ...place }));
  }

  private begin(batch: EventBatch): void {
    this.matcher.begin(batch);
    this.group.begin(batch);
  }

  private isInWindow(row: number): boolean {
    const eventMs = this.matcher.times[row] as number;
    return eventMs >= this.explained.startMs && eventMs < this.endMs;
  }

  private isClosedBy(inputMs: number): boolean {
    return this.endMs <= inputMs - this.explained.metric.outOfOrdernessMs;
  }

  private addRow(
    batch: EventBatch,
    row: number,
    offset: number,
    census: PartitionCensus,
    isClosed: boolean,
    records: readonly LogRecord[],
  ): void {
    const isTaken = this.matcher.takes(0, row);
    if (this.group.has(row))
      this.note(isTaken ? (isClosed ? 'late' : 'counted') : 'filtered', batch, row, offset, records);
    else if (isTaken && !isClosed) census.otherGroups += 1;
  }

  private addDuplicates({ result, records, schema }: EnrichedRecords): void {
    for (const { batch, rows } of droppedDuplicates(schema, result, records)) {
      this.begin(batch);
      const dropped = new Set(rows);
      eachRow(batch, (row, offset) => {
        if (!dropped.has(row) || !this.isInWindow(row) || !this.group.has(row) || !this.matcher.takes(0, row)) return;
        this.note('duplicate', batch, row, offset, records);
      });
    }
  }

  private note(fate: RowFate, batch: EventBatch, row: number, offset: number, records: readonly LogRecord[]): void {
    const { partition, rowIndexes } = batch;
    (this.partitions[partition] as PartitionCensus).rows[fate] += 1;
    this.samples.offer(fate, partition, () => ({
      ...{ fate, partition, offset, index: rowIndexes[row] as number },
      eventMs: this.matcher.times[row] as number,
      json: rowToJson(this.explained.schema, batch, row),
      traceId: traceOf(records, offset),
    }));
  }

  private noteContribution(census: PartitionCensus, offset: number, records: readonly LogRecord[]): void {
    census.records += 1;
    census.contributed = { from: census.contributed?.from ?? offset, next: offset + 1 };
    if (this.traceIds.size >= MOST_TRACES) return;
    const traceId = traceOf(records, offset);
    if (traceId !== null) this.traceIds.add(traceId);
  }

  private addLetters(
    { partition, deadLetters }: PartitionCensus,
    codes: readonly RejectCode[],
    ofWindow: boolean,
  ): void {
    let waiting = this.waiting[partition] ?? null;
    if (waiting === null && !ofWindow) return;
    waiting ??= new Map();
    for (const code of codes) waiting.set(code, (waiting.get(code) ?? 0) + 1);
    if (ofWindow) {
      for (const [code, count] of waiting) deadLetters.set(code, (deadLetters.get(code) ?? 0) + count);
      waiting = new Map();
    }
    this.waiting[partition] = waiting;
  }
}

function traceOf(records: readonly LogRecord[], offset: number): string | null {
  let low = 0;
  let high = records.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((records[middle] as LogRecord).offset < offset) low = middle + 1;
    else high = middle;
  }
  const record = records[low];
  return record?.offset === offset ? sampledTraceId(record.headers) : null;
}
