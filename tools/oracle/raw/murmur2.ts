const MASK = 0xffffffffn;
const MULTIPLIER = 0x5bd1e995n;

/**
 * Partition of a key as Kafka's default partitioner says, written with big integers after the published algorithm:
 * slow, and with nothing that could overflow in silence.
 */
export function partitionOfKey(key: string, partitions: number): number {
  return Number((murmur2(Buffer.from(key, 'utf8')) & 0x7fffffffn) % BigInt(partitions));
}

function murmur2(bytes: Uint8Array): bigint {
  let hash = 0x9747b28cn ^ BigInt(bytes.length);
  const whole = bytes.length - (bytes.length % 4);
  for (let at = 0; at < whole; at += 4) {
    let word = 0n;
    for (let i = 3; i >= 0; i -= 1) word = (word << 8n) | BigInt(bytes[at + i] ?? 0);
    word = (word * MULTIPLIER) & MASK;
    word ^= word >> 24n;
    word = (word * MULTIPLIER) & MASK;
    hash = ((hash * MULTIPLIER) & MASK) ^ word;
  }
  const rest = bytes.subarray(whole);
  if (rest.length > 0) {
    rest.forEach((byte, i) => {
      hash ^= BigInt(byte) << BigInt(8 * i);
    });
    hash = (hash * MULTIPLIER) & MASK;
  }
  hash ^= hash >> 13n;
  hash = (hash * MULTIPLIER) & MASK;
  return hash ^ (hash >> 15n);
}
