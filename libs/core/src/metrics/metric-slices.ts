import type { ByteWriter } from './checkpoint/byte-writer';
import { GroupTable } from './groups/group-table';
import type { FieldKeySpace, KeySpace } from './groups/key-space';
import type { KeySpaces } from './groups/key-spaces';
import type { MetricSpan } from './metric-span';
import { runsOutMs } from './metric-span';
import { TopTable } from './measures/top-table';
import type { MetricPlan } from './plan/metric-plan';
import { Slice } from './slices/slice';

/** The slices that a metric keeps with their groups, whatever its windows are, and which windows it has whole. */
export abstract class MetricSlices {
  readonly slices = new Map<number, Slice>();
  readonly space: KeySpace;
  readonly groups: GroupTable;
  /** What the values of each `top` of the plan are ids of. */
  readonly topMembers: readonly FieldKeySpace[];

  constructor(
    readonly plan: MetricPlan,
    spaces: KeySpaces,
    /** Windows that begin earlier may lack rows: they are closed in silence. */
    readonly completeFromMs: number,
    /** Windows outside are not whole: they are closed in silence too, and rows that come too late for them are not told. */
    readonly span: MetricSpan,
  ) {
    this.space = spaces.group(plan.metric.groupBy);
    this.groups = new GroupTable(this.space);
    this.topMembers = plan.tops.map(({ field }) => spaces.field(field));
  }

  /** The slice of a number, a new one if it has no rows yet. */
  slice(index: number): Slice {
    let slice = this.slices.get(index);
    if (!slice) {
      const tops = this.plan.tops.map(({ kind, maxBytes, top }) => {
        return new TopTable(kind, this.topMembers[top] as FieldKeySpace, maxBytes);
      });
      slice = new Slice(index, this.plan, this.slices.get(index - 1) ?? null, tops);
      this.slices.set(index, slice);
    }
    return slice;
  }

  /** Forgets a slice. */
  drop(slice: Slice): void {
    this.slices.delete(slice.index);
    for (const table of slice.tops) table.release();
    for (let entry = 0; entry < slice.count; entry++) this.groups.release(slice.slots[entry] as number);
  }

  /** A watermark here has closed all windows that the metric has whole: a retired metric takes no note of late rows any more. */
  get runsOutMs(): number {
    return runsOutMs(this.plan.metric, this.span);
  }

  /** Appends the group key of a slot. */
  readonly writeKey = (slot: number, writer: ByteWriter): void => {
    this.space.write(this.groups.key(slot), writer);
  };
}
