import { compareBytes } from '../expression/compare-bytes';

/** Up to here, comparing whole strings is quicker. */
const FEW = 8;
/** A byte of a head, the bytes compared at once as one number; a string that has ended counts as less than any byte. */
const HEAD_BASE = 257;
/** Up to here a head of four bytes and the number of its string fit a double exactly: 257^4 * 2^20 < 2^53. */
const MANY = 2 ** 20;

/**
 * Sorts `order`, numbers of byte strings (string i is bytes[starts[i], starts[i + 1])), byte by byte; a string comes
 * before those it is a prefix of. Keys of groups mostly begin alike: the bytes behind what they have in common are put
 * into numbers, which the engine sorts natively, and only strings whose numbers are equal are looked at further.
 */
export function sortByBytes(order: Int32Array, bytes: Uint8Array, starts: Uint32Array): void {
  sortFrom(order, 0, bytes, starts);
}

/** Sorts strings that are alike before `depth`. */
function sortFrom(order: Int32Array, depth: number, bytes: Uint8Array, starts: Uint32Array): void {
  const count = order.length;
  if (count <= FEW) return sortFew(order, bytes, starts);
  const alike = depth + commonLength(order, depth, bytes, starts);
  const headBytes = count > MANY ? 3 : 4;
  const scale = 2 ** (32 - Math.clz32(count - 1));
  const heads = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    heads[i] = headOf(order[i] as number, alike, headBytes, bytes, starts) * scale + i;
  }
  heads.sort();
  const before = order.slice();
  let from = 0; // of the strings whose heads are like the last one
  let last = -1;
  for (let i = 0; i <= count; i++) {
    const packed = i < count ? (heads[i] as number) : Infinity;
    const head = Math.floor(packed / scale);
    if (i < count) order[i] = before[packed - head * scale] as number;
    if (head === last) continue;
    // Strings with head 0 have ended: they are equal.
    if (i - from > 1 && last > 0) sortFrom(order.subarray(from, i), alike + headBytes, bytes, starts);
    from = i;
    last = head;
  }
}

/** Length of what all strings have in common from `depth` on. */
function commonLength(order: Int32Array, depth: number, bytes: Uint8Array, starts: Uint32Array): number {
  const first = order[0] as number;
  const start = (starts[first] as number) + depth;
  let length = (starts[first + 1] as number) - start;
  for (let i = 1; i < order.length && length > 0; i++) {
    const item = order[i] as number;
    const other = (starts[item] as number) + depth;
    length = Math.min(length, (starts[item + 1] as number) - other);
    let alike = 0;
    while (alike < length && bytes[start + alike] === bytes[other + alike]) alike++;
    length = alike;
  }
  return Math.max(0, length);
}

function headOf(item: number, depth: number, length: number, bytes: Uint8Array, starts: Uint32Array): number {
  const end = starts[item + 1] as number;
  const from = (starts[item] as number) + depth;
  let head = 0;
  for (let at = from; at < from + length; at++) {
    head = head * HEAD_BASE + (at < end ? (bytes[at] as number) + 1 : 0);
  }
  return head;
}

function sortFew(order: Int32Array, bytes: Uint8Array, starts: Uint32Array): void {
  for (let i = 1; i < order.length; i++) {
    const item = order[i] as number;
    let j = i;
    for (; j > 0 && isLess(item, order[j - 1] as number, bytes, starts); j--) order[j] = order[j - 1] as number;
    order[j] = item;
  }
}

function isLess(a: number, b: number, bytes: Uint8Array, starts: Uint32Array): boolean {
  const aStart = starts[a] as number;
  const bStart = starts[b] as number;
  return compareBytes(bytes, aStart, starts[a + 1] as number, bytes, bStart, starts[b + 1] as number) < 0;
}
