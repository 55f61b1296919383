import type { EventBatch } from '../../batch/event-batch';
import type { StreamSchema } from '../../stream/schema';
import { BatchView } from '../slices/batch-view';
import { ConditionSet } from './condition-set';
import type { MetricDefinition } from '../definition';

/** Says row by row what several metrics take of a batch, as their aggregators do. */
export class RowMatcher {
  private readonly view: BatchView;
  private readonly conditions: readonly number[];
  private masks: (Uint8Array | null)[] = [];
  private presence: Uint8Array = new Uint8Array(0);

  constructor(
    schema: StreamSchema,
    private readonly metrics: readonly MetricDefinition[],
  ) {
    const conditions = new ConditionSet();
    this.conditions = metrics.map(({ where }) => conditions.add(where));
    this.view = new BatchView(schema, conditions.conditions);
  }

  /** Takes up a batch; what is asked from here on is about its rows. */
  begin(batch: EventBatch): void {
    this.view.begin(batch);
    this.masks = this.conditions.map((condition) => this.view.mask(condition));
    this.presence = this.view.keyPresence();
  }

  /** Event times of the rows, epoch ms. */
  get times(): Float64Array {
    return this.view.times;
  }

  /** Index of the record that holds a row. */
  recordOf(row: number): number {
    return this.view.recordOf(row);
  }

  /** Does a row satisfy the `where` of the metric at `index`, and has it the key that a local metric needs? */
  takes(index: number, row: number): boolean {
    const mask = this.masks[index] ?? null;
    if (mask !== null && mask[row] !== 1) return false;
    return this.metrics[index]?.local !== true || this.presence[row] === 1;
  }
}
