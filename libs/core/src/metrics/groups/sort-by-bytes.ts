import { compareBytes } from '../../expression/compare-bytes';

/** Up to here, comparing whole strings is quicker. */
const FEW = 8;
/** Up to here a head and the place of its string fit a double exactly. */
const EXACT = 2 ** 53;
const ENDED = -1;

/**
 * Sorts `order`, numbers of byte strings (string i is bytes[starts[i], starts[i + 1])), byte by byte; a string comes
 * before those it is a prefix of. Keys of groups mostly begin alike: the bytes behind what they have in common are put
 * into numbers, their heads, which the engine sorts natively, and only strings whose heads are equal are looked at
 * further.
 */
export function sortByBytes(order: Int32Array, bytes: Uint8Array, starts: Uint32Array): void {
  sortFrom(order, 0, bytes, starts);
}

/** Sorts strings that are alike before `depth`. */
function sortFrom(order: Int32Array, depth: number, bytes: Uint8Array, starts: Uint32Array): void {
  const count = order.length;
  if (count <= FEW) return sortFew(order, bytes, starts);
  const alike = depth + commonLength(order, depth, bytes, starts);
  const scale = 2 ** (32 - Math.clz32(count - 1));
  const heads = new Float64Array(count);
  const next = addBytes(heads, EXACT / scale, order, alike, bytes, starts);
  for (let i = 0; i < count; i++) heads[i] = (heads[i] as number) * scale + i;
  heads.sort();
  const before = order.slice();
  let from = 0; // of the strings whose heads are like the last one
  let last = -1;
  for (let i = 0; i <= count; i++) {
    const packed = i < count ? (heads[i] as number) : Infinity;
    const head = Math.floor(packed / scale);
    if (i < count) order[i] = before[packed - head * scale] as number;
    if (head === last) continue;
    if (i - from > 1 && next !== ENDED) sortFrom(order.subarray(from, i), next, bytes, starts);
    from = i;
    last = head;
  }
}

/**
 * Puts the bytes from `at` on into the heads, as many as keep them below `limit`. A byte counts only as many values as
 * it has among the strings: most letters of ids are the same in all, and digits are ten. A string that has ended counts
 * as less than any byte. Returns the place of the first byte that is not in the heads, ENDED when there is none.
 */
function addBytes(
  heads: Float64Array,
  limit: number,
  order: Int32Array,
  at: number,
  bytes: Uint8Array,
  starts: Uint32Array,
): number {
  const count = order.length;
  const values = new Int16Array(count);
  for (let kindsSoFar = 1, place = at; ; place++) {
    let least = 256;
    let most = 0;
    for (let i = 0; i < count; i++) {
      const item = order[i] as number;
      const from = (starts[item] as number) + place;
      const value = from < (starts[item + 1] as number) ? (bytes[from] as number) + 1 : 0;
      values[i] = value;
      if (value < least) least = value;
      if (value > most) most = value;
    }
    if (most === 0) return ENDED;
    const kinds = most - least + 1;
    kindsSoFar *= kinds;
    if (kindsSoFar > limit) return place;
    if (kinds === 1) continue;
    for (let i = 0; i < count; i++) heads[i] = (heads[i] as number) * kinds + (values[i] as number) - least;
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
