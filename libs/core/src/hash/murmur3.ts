/** Bytes of one hash. */
export const ID_HASH_BYTES = 16;

/**
 * Seed of the hashes of event ids. They are written into batches and compared with those of later rows, so it may never
 * change for a topic that exists.
 */
export const ID_HASH_SEED = 0x7a11;

const C1 = 0x239b961b;
const C2 = 0xab0e9789 | 0;
const C3 = 0x38b34ae5;
const C4 = 0xa1e38b93 | 0;

/**
 * MurmurHash3 x86 128 of bytes[start, end), keyed by `seed`: sixteen bytes into `target` from `at` (four little-endian
 * words). Two of 2^20 ids are the same by accident with a probability of about 2^-89; it is not a defence against
 * someone who picks ids to collide, who could as well send the same id twice.
 */
export function murmur3x128(
  bytes: Uint8Array,
  start: number,
  end: number,
  seed: number,
  target: DataView,
  at: number,
): void {
  const length = end - start;
  let h1 = seed | 0;
  let h2 = h1;
  let h3 = h1;
  let h4 = h1;
  let p = start;
  for (const blocks = start + (length & ~15); p < blocks; p += 16) {
    h1 ^= Math.imul(rotate(Math.imul(wordAt(bytes, p), C1), 15), C2);
    h1 = (Math.imul((rotate(h1, 19) + h2) | 0, 5) + 0x561ccd1b) | 0;
    h2 ^= Math.imul(rotate(Math.imul(wordAt(bytes, p + 4), C2), 16), C3);
    h2 = (Math.imul((rotate(h2, 17) + h3) | 0, 5) + 0x0bcaa747) | 0;
    h3 ^= Math.imul(rotate(Math.imul(wordAt(bytes, p + 8), C3), 17), C4);
    h3 = (Math.imul((rotate(h3, 15) + h4) | 0, 5) + 0x96cd1c35) | 0;
    h4 ^= Math.imul(rotate(Math.imul(wordAt(bytes, p + 12), C4), 18), C1);
    h4 = (Math.imul((rotate(h4, 13) + h1) | 0, 5) + 0x32ac3b17) | 0;
  }
  const rest = end - p;
  if (rest > 12) h4 ^= Math.imul(rotate(Math.imul(partialWord(bytes, p + 12, end), C4), 18), C1);
  if (rest > 8) h3 ^= Math.imul(rotate(Math.imul(partialWord(bytes, p + 8, end), C3), 17), C4);
  if (rest > 4) h2 ^= Math.imul(rotate(Math.imul(partialWord(bytes, p + 4, end), C2), 16), C3);
  if (rest > 0) h1 ^= Math.imul(rotate(Math.imul(partialWord(bytes, p, end), C1), 15), C2);

  h1 ^= length;
  h2 ^= length;
  h3 ^= length;
  h4 ^= length;
  h1 = (h1 + h2 + h3 + h4) | 0;
  h2 = (h2 + h1) | 0;
  h3 = (h3 + h1) | 0;
  h4 = (h4 + h1) | 0;
  h1 = finalMix(h1);
  h2 = finalMix(h2);
  h3 = finalMix(h3);
  h4 = finalMix(h4);
  h1 = (h1 + h2 + h3 + h4) | 0;
  target.setInt32(at, h1, true);
  target.setInt32(at + 4, (h2 + h1) | 0, true);
  target.setInt32(at + 8, (h3 + h1) | 0, true);
  target.setInt32(at + 12, (h4 + h1) | 0, true);
}

function rotate(word: number, by: number): number {
  return (word << by) | (word >>> (32 - by));
}

function finalMix(word: number): number {
  let mixed = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}

function wordAt(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)
  );
}

/** The word at `at`, of which only the bytes before `end` exist; the others count as zero. */
function partialWord(bytes: Uint8Array, at: number, end: number): number {
  let word = bytes[at] as number;
  if (at + 1 < end) word |= (bytes[at + 1] as number) << 8;
  if (at + 2 < end) word |= (bytes[at + 2] as number) << 16;
  if (at + 3 < end) word |= (bytes[at + 3] as number) << 24;
  return word;
}
