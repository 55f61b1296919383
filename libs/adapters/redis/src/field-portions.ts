/** So many fields, and so many bytes of them, are written by one script in about a millisecond. */
const MAX_FIELDS = 500;
const MAX_BYTES = 256 * 1024;

/** Cuts changes of fields, in their order, into portions for one script each; what is larger by itself goes alone. */
export function* fieldPortions<T>(changes: readonly T[], bytesOf: (change: T) => number): Generator<readonly T[]> {
  for (let from = 0; from < changes.length;) {
    let bytes = 0;
    let to = from;
    for (; to < changes.length && to - from < MAX_FIELDS; to += 1) {
      bytes += bytesOf(changes[to] as T);
      if (to > from && bytes > MAX_BYTES) break;
    }
    yield changes.slice(from, to);
    from = to;
  }
}
