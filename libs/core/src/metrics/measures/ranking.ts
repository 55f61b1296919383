import type { FieldKeySpace } from '../groups/key-space';
import { CARRY } from './exact-sum';

/** Amounts of values, in no particular order, as parallel arrays. A sum is a rest and a carry; of others the carry is 0. */
export interface Amounts {
  count: number;
  members: Int32Array<ArrayBuffer>;
  amounts: Float64Array<ArrayBuffer>;
  carries: Float64Array<ArrayBuffer>;
}

/**
 * Puts the `most` largest in front, in their order: the larger amount first, of equal ones the smaller value. An amount that
 * is not finite comes last. Returns how many that are.
 */
export function rankLargest(of: Amounts, members: FieldKeySpace, most: number): { order: Int32Array; count: number } {
  const comesBefore = (a: number, b: number): boolean => {
    const difference = compareAmounts(of, a, b);
    return difference !== 0 ? difference > 0 : members.compare(of.members[a] as number, of.members[b] as number) < 0;
  };
  const count = Math.min(most, of.count);
  // The last of the best so far is on top of a heap.
  const heap = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    let at = i;
    for (let above = (at - 1) >> 1; at > 0 && comesBefore(heap[above] as number, i); above = (at - 1) >> 1) {
      heap[at] = heap[above] as number;
      at = above;
    }
    heap[at] = i;
  }
  for (let i = count; i < of.count && count > 0; i++) {
    if (comesBefore(i, heap[0] as number)) sink(heap, count, i, comesBefore);
  }
  for (let size = count - 1; size > 0; size--) {
    const last = heap[0] as number;
    sink(heap, size, heap[size] as number, comesBefore);
    heap[size] = last;
  }
  return { order: heap, count };
}

/** Replaces the top of a heap of some size. */
function sink(heap: Int32Array, size: number, item: number, comesBefore: (a: number, b: number) => boolean): void {
  let at = 0;
  for (let below = 1; below < size; below = 2 * at + 1) {
    if (below + 1 < size && comesBefore(heap[below] as number, heap[below + 1] as number)) below++;
    if (!comesBefore(item, heap[below] as number)) break;
    heap[at] = heap[below] as number;
    at = below;
  }
  heap[at] = item;
}

/** Negative, 0 or positive. Sums beyond what is exact in a double are compared exactly. */
function compareAmounts({ amounts, carries }: Amounts, a: number, b: number): number {
  const first = amounts[a] as number;
  const second = amounts[b] as number;
  if (carries[a] !== 0 || carries[b] !== 0) {
    const difference = exactly(first, carries[a] as number) - exactly(second, carries[b] as number);
    return difference > 0n ? 1 : difference < 0n ? -1 : 0;
  }
  if (first === second) return 0;
  if (Number.isNaN(first) || Number.isNaN(second)) return Number(Number.isNaN(second)) - Number(Number.isNaN(first));
  return first > second ? 1 : -1;
}

function exactly(rest: number, carry: number): bigint {
  return BigInt(rest) + BigInt(carry) * BigInt(CARRY);
}
