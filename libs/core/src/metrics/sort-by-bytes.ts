import { compareBytes } from '../expression/compare-bytes';

/** Up to here, comparing whole strings is quicker. */
const FEW = 8;
const ENDED = -1;

/** So many bytes are compared at once, as one number; a string that has ended counts as less than any byte. */
const HEAD_BYTES = 4;
const HEAD_BASE = 257;
/** Up to here a head and the number of its string fit a double exactly: 257^4 * 2^20 < 2^53. */
const MAX_BY_HEAD = 2 ** 20;

/**
 * Sorts `order`, numbers of byte strings (string i is bytes[starts[i], starts[i + 1])), byte by byte; a string comes
 * before those it is a prefix of. Keys of groups mostly begin alike: the bytes behind what they have in common are put
 * into numbers, which the engine sorts natively, and only strings whose numbers are equal are looked at further.
 */
export function sortByBytes(order: Int32Array, bytes: Uint8Array, starts: Uint32Array): void {
  const count = order.length;
  if (count <= FEW || count > MAX_BY_HEAD) return sortFrom(order, 0, count, 0, bytes, starts);
  const depth = commonLength(order, bytes, starts);
  const scale = 2 ** (32 - Math.clz32(count - 1));
  const heads = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    heads[i] = headOf(order[i] as number, depth, bytes, starts) * scale + i;
  }
  heads.sort();
  const sorted = new Int32Array(count);
  let from = 0; // of the strings whose heads are like the last one
  let last = -1;
  for (let i = 0; i < count; i++) {
    const packed = heads[i] as number;
    const head = Math.floor(packed / scale);
    sorted[i] = order[packed - head * scale] as number;
    if (head === last) continue;
    if (i - from > 1) sortFrom(sorted, from, i, depth + HEAD_BYTES, bytes, starts);
    from = i;
    last = head;
  }
  if (count - from > 1) sortFrom(sorted, from, count, depth + HEAD_BYTES, bytes, starts);
  order.set(sorted);
}

/** Length of what all strings begin with. */
function commonLength(order: Int32Array, bytes: Uint8Array, starts: Uint32Array): number {
  const first = order[0] as number;
  const start = starts[first] as number;
  let length = (starts[first + 1] as number) - start;
  for (let i = 1; i < order.length && length > 0; i++) {
    const item = order[i] as number;
    const other = starts[item] as number;
    length = Math.min(length, (starts[item + 1] as number) - other);
    let alike = 0;
    while (alike < length && bytes[start + alike] === bytes[other + alike]) alike++;
    length = alike;
  }
  return length;
}

function headOf(item: number, depth: number, bytes: Uint8Array, starts: Uint32Array): number {
  const end = starts[item + 1] as number;
  const from = (starts[item] as number) + depth;
  let head = 0;
  for (let at = from; at < from + HEAD_BYTES; at++)
    head = head * HEAD_BASE + (at < end ? (bytes[at] as number) + 1 : 0);
  return head;
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
