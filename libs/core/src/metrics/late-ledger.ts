import type { StreamSchema } from '../stream/schema';
import type { BatchView } from './slices/batch-view';
import type { LateCounts } from './late-counts';
import type { MetricPlan } from './plan/metric-plan';
import type { LateRow } from './output';
import { rowToJson } from '../batch/row-to-json';
import { startOf } from '../windowing/sliced-windows';

/** Gathers the rows that missed windows: none is dropped in silence. */
export class LateLedger {
  private rows: LateRow[] = [];
  private inBatch: { readonly row: number; readonly order: number; readonly late: LateRow }[] = [];
  private readonly json = new Map<number, string>();

  constructor(private readonly schema: StreamSchema) {}

  /** A row of the current batch that missed the windows from `first` to `last` of a metric whose watermark was W. */
  add(
    view: BatchView,
    row: number,
    plan: MetricPlan,
    counts: LateCounts,
    first: number,
    last: number,
    watermarkMs: number,
  ): void {
    const rawOffset = view.batch.records.offsets[view.recordOf(row)] as number;
    const missedStartsMs: number[] = [];
    for (let window = first; window <= last; window++) {
      missedStartsMs.push(startOf(plan.windows, window));
      counts.add(window, rawOffset, watermarkMs);
    }
    this.note(view, row, plan, missedStartsMs, watermarkMs);
  }

  /** A row of the current batch that missed the windows with these starts. */
  note(
    view: BatchView,
    row: number,
    { metric, order }: MetricPlan,
    missedStartsMs: readonly number[],
    watermarkMs: number,
  ): void {
    const { records, rowIndexes } = view.batch;
    const rawOffset = records.offsets[view.recordOf(row)] as number;
    const late: LateRow = {
      metric,
      rawOffset,
      index: rowIndexes[row] as number,
      missedStartsMs,
      latenessMs: watermarkMs - (view.times[row] as number),
      json: this.jsonOf(view, row),
    };
    this.inBatch.push({ row, order, late });
  }

  /** To be called at the end of each batch: rows are told in raw order, then by metric, wherever batches are cut. */
  endBatch(): void {
    if (this.inBatch.length === 0) return;
    this.inBatch.sort((a, b) => a.row - b.row || a.order - b.order);
    for (const { late } of this.inBatch) this.rows.push(late);
    this.inBatch = [];
    this.json.clear();
  }

  take(): LateRow[] {
    const taken = this.rows;
    this.rows = [];
    return taken;
  }

  /** Several metrics miss the same row. */
  private jsonOf(view: BatchView, row: number): string {
    let text = this.json.get(row);
    if (text === undefined) {
      text = rowToJson(this.schema, view.batch, row);
      this.json.set(row, text);
    }
    return text;
  }
}
