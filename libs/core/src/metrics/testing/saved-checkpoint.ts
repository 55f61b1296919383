import type { AggregatorDeltas, PartitionAggregatorOptions } from '../partition-aggregator';
import { PartitionAggregator } from '../partition-aggregator';

/** A checkpoint as the store keeps it: deltas in the order of their commits. */
export class SavedCheckpoint {
  readonly slices = new Map<string, Uint8Array[]>();
  private state = new Uint8Array(0);
  private next = 0;

  commit({ state, deltas, rewrites, drops }: AggregatorDeltas, next: number): void {
    this.state = Uint8Array.from(state);
    this.next = next;
    for (const { slice, bytes } of deltas) this.slices.set(slice, [...(this.slices.get(slice) ?? []), bytes]);
    for (const { slice, bytes } of rewrites) this.slices.set(slice, [bytes]);
    for (const slice of drops) expect(this.slices.delete(slice)).toBe(true);
  }

  /** `repeat`: deltas may stand there more than once. */
  restore(options: PartitionAggregatorOptions, repeat: boolean): PartitionAggregator {
    const deltas = [...this.slices].flatMap(([slice, list]) => {
      const once = list.map((bytes) => ({ slice, bytes }));
      return repeat ? once.flatMap((delta, i) => [...once.slice(Math.max(0, i - 1), i), delta]) : once;
    });
    return PartitionAggregator.restore(options, { next: this.next, state: this.state, deltas });
  }
}
