/** Negative, 0 or positive: left[leftStart, leftEnd) compared with right[…) byte by byte, which orders UTF-8 by code point. */
export function compareBytes(
  left: Uint8Array,
  leftStart: number,
  leftEnd: number,
  right: Uint8Array,
  rightStart: number,
  rightEnd: number,
): number {
  const leftLength = leftEnd - leftStart;
  const rightLength = rightEnd - rightStart;
  const length = leftLength < rightLength ? leftLength : rightLength;
  for (let i = 0; i < length; i++) {
    const difference = (left[leftStart + i] as number) - (right[rightStart + i] as number);
    if (difference !== 0) return difference;
  }
  return leftLength - rightLength;
}
