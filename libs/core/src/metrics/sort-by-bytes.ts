import { compareBytes } from '../expression/compare-bytes';

/** Up to here, comparing whole strings is quicker. */
const FEW = 8;
const ENDED = -1;

/**
 * Sorts `order`, numbers of byte strings (string i is bytes[starts[i], starts[i + 1])), byte by byte; a string comes
 * before those it is a prefix of. Keys of groups mostly begin alike: a quicksort by one byte at a time looks at what they
 * have in common once, not in every comparison.
 */
export function sortByBytes(order: Int32Array, bytes: Uint8Array, starts: Uint32Array): void {
  sortFrom(order, 0, order.length, 0, bytes, starts);
}

/** Sorts order[from, to), whose strings are alike before `depth`. */
function sortFrom(
  order: Int32Array,
  from: number,
  to: number,
  depth: number,
  bytes: Uint8Array,
  starts: Uint32Array,
): void {
  let low = from;
  let high = to;
  let at = depth;
  while (high - low > FEW) {
    const pivot = byteAt(order[(low + high) >> 1] as number, at, bytes, starts);
    // [low, less) are less than the pivot, [less, i) equal, [greater, high) greater.
    let less = low;
    let greater = high;
    for (let i = low; i < greater;) {
      const byte = byteAt(order[i] as number, at, bytes, starts);
      if (byte < pivot) swap(order, less++, i++);
      else if (byte > pivot) swap(order, i, --greater);
      else i++;
    }
    sortFrom(order, low, less, at, bytes, starts);
    sortFrom(order, greater, high, at, bytes, starts);
    if (pivot === ENDED) return; // equal strings
    low = less;
    high = greater;
    at++;
  }
  sortFew(order, low, high, bytes, starts);
}

function sortFew(order: Int32Array, from: number, to: number, bytes: Uint8Array, starts: Uint32Array): void {
  for (let i = from + 1; i < to; i++) {
    const item = order[i] as number;
    let j = i;
    for (; j > from && isLess(item, order[j - 1] as number, bytes, starts); j--) order[j] = order[j - 1] as number;
    order[j] = item;
  }
}

function isLess(a: number, b: number, bytes: Uint8Array, starts: Uint32Array): boolean {
  const aStart = starts[a] as number;
  const bStart = starts[b] as number;
  return compareBytes(bytes, aStart, starts[a + 1] as number, bytes, bStart, starts[b + 1] as number) < 0;
}

function byteAt(item: number, at: number, bytes: Uint8Array, starts: Uint32Array): number {
  const place = (starts[item] as number) + at;
  return place < (starts[item + 1] as number) ? (bytes[place] as number) : ENDED;
}

function swap(order: Int32Array, a: number, b: number): void {
  const item = order[a] as number;
  order[a] = order[b] as number;
  order[b] = item;
}
