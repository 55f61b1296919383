/**
 * A quick 32-bit hash of bytes[start, end) for tables in memory; `view` is that of `bytes` and needs WORD_SLACK behind
 * the range. Never leaves the process.
 */
export function textHash(bytes: Uint8Array, view: DataView, start: number, end: number): number {
  let hash = (end - start) | 0;
  if (hash >= 4) {
    const last = end - 4;
    for (let p = start; p < last; p += 4) {
      hash = Math.imul(hash ^ view.getInt32(p, true), 0x9e3779b1);
      hash ^= hash >>> 15;
    }
    // The last word may repeat bytes of the one before: cheaper than up to three bytes on their own.
    hash = Math.imul(hash ^ view.getInt32(last, true), 0x9e3779b1);
  } else {
    for (let p = start; p < end; p++) hash = Math.imul(hash ^ (bytes[p] as number), 0x01000193);
  }
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
  if (length < 4) {
    for (let i = 0; i < length; i++) {
      if (view.getUint8(start + i) !== others.getUint8(otherStart + i)) return false;
    }
    return true;
  }
  const last = length - 4;
  for (let i = 0; i < last; i += 4) {
    if (view.getInt32(start + i, true) !== others.getInt32(otherStart + i, true)) return false;
  }
  return view.getInt32(start + last, true) === others.getInt32(otherStart + last, true);
}

/** Copies `length` bytes by words: short texts cost less so than by `set`. Both views need WORD_SLACK behind the range. */
export function copyWords(from: DataView, start: number, to: DataView, at: number, length: number): void {
  if (length < 4) {
    for (let i = 0; i < length; i++) to.setUint8(at + i, from.getUint8(start + i));
    return;
  }
  const last = length - 4;
  for (let i = 0; i < last; i += 4) to.setInt32(at + i, from.getInt32(start + i, true), true);
  to.setInt32(at + last, from.getInt32(start + last, true), true);
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
