import type { BatchPosition, EventBatch, RecordTable } from '../batch/event-batch';
import type { RowField } from '../batch/row-fields';
import { toColumns } from '../batch/row-fields';
import { firstAtOrBeyond } from '../batch/first-at-or-beyond';

/** A batch with so many rows takes no record more. */
const MAX_ROWS = 8_192;

/** Where a batch of rows ends, and what stands there. */
export interface RowsEnd {
  readonly rawNext: number;
  readonly after: BatchPosition;
}

/** What the rows of a chain are. */
export interface RowsKind<Row> {
  /** The derived stream's name. */
  readonly stream: string;
  readonly partition: number;
  readonly fields: readonly RowField<Row>[];
  readonly timeOf: (row: Row) => number;
}

/** A row, and the raw record that has brought it about. */
export interface PlacedRow<Row> {
  readonly row: Row;
  readonly rawOffset: number;
}

/**
 * Makes the rows that come of a partition into batches of its raw ranges, each going on where the one before it ends. What
 * stands in the log already is not said again: so whoever begins anew goes on behind the log's newest batch.
 */
export class RowsChain<Row> {
  /** @param end where the log's newest batch of rows ends */
  constructor(
    private readonly kind: RowsKind<Row>,
    private end: RowsEnd,
  ) {}

  /** Everything that comes of raw records below this has been said. */
  get next(): number {
    return this.end.rawNext;
  }

  /**
   * The rows of a batch's raw records, in batches that are no larger than they have to be: those of a record stay together.
   *
   * @param from the first record of which everything is known
   * @param rows in the order of their records
   * @param inputAfterMs watermark input of the rows, by record
   * @returns none when all of the range has been said
   */
  take(
    batch: EventBatch,
    from: number,
    rows: readonly PlacedRow<Row>[],
    inputAfterMs: Float64Array,
  ): readonly EventBatch[] {
    const { rawNext: rawFrom } = this.end;
    if (batch.rawNext <= rawFrom) return [];
    const said = rows.findIndex(({ rawOffset }) => rawOffset >= rawFrom);
    let untold = said < 0 ? [] : rows.slice(said);
    let first = Math.max(from, firstAtOrBeyond(batch.records, rawFrom));
    return rangesOf(untold, batch.rawNext).map(({ rawNext, count }) => {
      const piece = this.piece(batch, first, rawNext, untold.slice(0, count), inputAfterMs);
      untold = untold.slice(count);
      first = firstAtOrBeyond(batch.records, rawNext);
      return piece;
    });
  }

  private piece(
    batch: EventBatch,
    first: number,
    rawNext: number,
    rows: readonly PlacedRow<Row>[],
    inputAfterMs: Float64Array,
  ): EventBatch {
    const { rawNext: rawFrom, after: before } = this.end;
    const { records, controls, rowIndexes } = this.tabulate(batch, first, rawNext, rows, inputAfterMs);
    // Within a batch everything is as before it, but for time: another definition is the last of its batch.
    const reached = rawNext === batch.rawNext ? batch.after : batch.before;
    const after: BatchPosition = {
      ...reached,
      maxAppendMs: records.appendMs.reduce(
        (max, ms) => Math.max(max, ms),
        Math.max(reached.maxAppendMs, before.maxAppendMs),
      ),
      maxEventTimeMs: rows.reduce((max, { row }) => Math.max(max, this.kind.timeOf(row)), before.maxEventTimeMs),
      watermarkInputMs: records.inputAfterMs[records.count - 1] ?? before.watermarkInputMs,
      rowsSeen: before.rowsSeen + rows.length,
    };
    this.end = { rawNext, after };
    return {
      ...{ stream: this.kind.stream, partition: this.kind.partition },
      ...{ rawFrom, rawNext, before, after, records, controls },
      ...{ rows: rows.length, rowIndexes },
      columns: toColumns(
        this.kind.fields,
        rows.map(({ row }) => row),
      ),
      ...{ ids: new Uint8Array(0), batchIds: new Uint8Array(0), batchIdRecords: new Uint32Array(0) },
      ...{ validCounts: records.rowCounts, idCounts: new Uint32Array(records.count) },
    };
  }

  /** The records that have rows or a control, or that move the watermark: which these are does not depend on where batches are cut. */
  private tabulate(
    batch: EventBatch,
    first: number,
    rawNext: number,
    rows: readonly PlacedRow<Row>[],
    inputAfterMs: Float64Array,
  ): Pick<EventBatch, 'controls' | 'rowIndexes'> & { readonly records: RecordTable } {
    const { offsets, appendMs, count } = batch.records;
    const controls = new Map(batch.controls.map((control) => [control.record, control.payload]));
    const kept: { offset: number; rows: number; appendMs: number; inputMs: number }[] = [];
    const placed: EventBatch['controls'][number][] = [];
    const rowIndexes = new Uint32Array(rows.length);
    let inputMs = this.end.after.watermarkInputMs;
    let row = 0;
    for (let record = first; record < count && (offsets[record] as number) < rawNext; record++) {
      const offset = offsets[record] as number;
      const before = row;
      for (; row < rows.length && (rows[row] as PlacedRow<Row>).rawOffset === offset; row++)
        rowIndexes[row] = row - before;
      const movedMs = Math.max(inputMs, inputAfterMs[record] as number);
      const payload = controls.get(record);
      if (row === before && movedMs === inputMs && payload === undefined) continue;
      inputMs = movedMs;
      if (payload !== undefined) placed.push({ record: kept.length, payload });
      kept.push({ offset, rows: row - before, appendMs: appendMs[record] as number, inputMs });
    }
    if (row !== rows.length) throw new RangeError('a row is of no record of its batch');
    return {
      records: {
        count: kept.length,
        offsets: Float64Array.from(kept, ({ offset }) => offset),
        rowCounts: Uint32Array.from(kept, (one) => one.rows),
        appendMs: Float64Array.from(kept, (one) => one.appendMs),
        inputAfterMs: Float64Array.from(kept, (one) => one.inputMs),
      },
      controls: placed,
      rowIndexes,
    };
  }
}

/** Cuts the range up to `rawNext` behind records with whose rows a batch has enough; how many rows each piece has. */
function rangesOf(
  rows: readonly PlacedRow<unknown>[],
  rawNext: number,
): readonly { readonly rawNext: number; readonly count: number }[] {
  const ranges: { rawNext: number; count: number }[] = [];
  let from = 0;
  for (let row = MAX_ROWS; row < rows.length; row++) {
    const { rawOffset } = rows[row - 1] as PlacedRow<unknown>;
    if (row - from < MAX_ROWS || rows[row]?.rawOffset === rawOffset) continue;
    ranges.push({ rawNext: rawOffset + 1, count: row - from });
    from = row;
  }
  return [...ranges, { rawNext, count: rows.length - from }];
}
