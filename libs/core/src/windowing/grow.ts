const MIN_CAPACITY = 16;

/** Capacity that holds `needed` items and leaves room to grow, a power of two. */
export function roomFor(needed: number): number {
  let capacity = MIN_CAPACITY;
  while (capacity < needed) capacity *= 2;
  return capacity;
}

/** The larger array, which takes the place of one with `values`. */
export function copiedTo<A extends { set(values: A): void }>(larger: A, values: A): A {
  larger.set(values);
  return larger;
}

export function grownInts(array: Int32Array<ArrayBuffer>, needed: number, fill = 0): Int32Array<ArrayBuffer> {
  if (needed <= array.length) return array;
  const grown = new Int32Array(roomFor(needed));
  grown.set(array);
  if (fill !== 0) grown.fill(fill, array.length);
  return grown;
}

export function grownDoubles(array: Float64Array<ArrayBuffer>, needed: number, fill = 0): Float64Array<ArrayBuffer> {
  if (needed <= array.length) return array;
  const grown = new Float64Array(roomFor(needed));
  grown.set(array);
  if (fill !== 0) grown.fill(fill, array.length);
  return grown;
}

export function grownBytes(array: Uint8Array<ArrayBuffer>, needed: number): Uint8Array<ArrayBuffer> {
  if (needed <= array.length) return array;
  const grown = new Uint8Array(roomFor(needed));
  grown.set(array);
  return grown;
}
