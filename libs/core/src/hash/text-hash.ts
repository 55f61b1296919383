/**
 * A quick 32-bit hash of bytes[start, end) for tables in memory; `view` is that of `bytes` and needs WORD_SLACK behind
 * the range. Never leaves the process.
 */
export function textHash(bytes: Uint8Array, view: DataView, start: number, end: number): number {
  let hash = (end - start) | 0;
  let p = start;
  for (; p + 4 <= end; p += 4) {
    hash = Math.imul(hash ^ view.getInt32(p, true), 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  for (; p < end; p++) hash = Math.imul(hash ^ (bytes[p] as number), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return hash ^ (hash >>> 13);
}

/** As `sameBytes`, by words. Both views need WORD_SLACK behind the range. */
export function sameWords(
  view: DataView,
  start: number,
  others: DataView,
  otherStart: number,
  length: number,
): boolean {
  let i = 0;
  for (; i + 4 <= length; i += 4) {
    if (view.getInt32(start + i, true) !== others.getInt32(otherStart + i, true)) return false;
  }
  for (; i < length; i++) {
    if (view.getUint8(start + i) !== others.getUint8(otherStart + i)) return false;
  }
  return true;
}

/** Whether bytes[start, start + length) and others[otherStart, …) hold the same bytes. */
export function sameBytes(
  bytes: Uint8Array,
  start: number,
  others: Uint8Array,
  otherStart: number,
  length: number,
): boolean {
  for (let i = 0; i < length; i++) {
    if (bytes[start + i] !== others[otherStart + i]) return false;
  }
  return true;
}
