/** Where bytes[start, end) ends once it is cut to `maxBytes` of UTF-8: not within a character. */
export function cutEnd(bytes: Uint8Array, start: number, end: number, maxBytes: number): number {
  let kept = Math.min(end, start + maxBytes);
  while (kept > start && kept < end && ((bytes[kept] as number) & 0xc0) === 0x80) kept--;
  return kept;
}
