/**
 * murmur2 as Kafka's Java client computes it (seed 0x9747b28c) over bytes[start, end). Signed 32-bit.
 */
export function murmur2(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start;
  let hash = 0x9747b28c ^ length;
  let at = start;
  for (const blocks = start + (length & ~3); at < blocks; at += 4) {
    let word =
      (bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24);
    word = Math.imul(word, 0x5bd1e995);
    word = Math.imul(word ^ (word >>> 24), 0x5bd1e995);
    hash = Math.imul(hash, 0x5bd1e995) ^ word;
  }
  const rest = length & 3;
  if (rest !== 0) {
    if (rest === 3) hash ^= (bytes[at + 2] as number) << 16;
    if (rest >= 2) hash ^= (bytes[at + 1] as number) << 8;
    hash = Math.imul(hash ^ (bytes[at] as number), 0x5bd1e995);
  }
  hash = Math.imul(hash ^ (hash >>> 13), 0x5bd1e995);
  return hash ^ (hash >>> 15);
}

/** The partition Kafka's default partitioner gives the key bytes[start, end). */
export function partitionOf(bytes: Uint8Array, start: number, end: number, partitions: number): number {
  return (murmur2(bytes, start, end) & 0x7fffffff) % partitions;
}
