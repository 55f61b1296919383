import { murmur2, partitionOf } from './murmur2';
import { murmur3x128 } from './murmur3';

const utf8 = (text: string) => new TextEncoder().encode(text);

describe('murmur2', () => {
  // The values of Kafka's own unit test, UtilsTest#testMurmur2.
  it.each([
    ['21', -973932308],
    ['foobar', -790332482],
    ['a-little-bit-long-string', -985981536],
    ['a-little-bit-longer-string', -1486304829],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
    ['abc', 479470107],
  ])('gives %s the hash that the Java client gives', (text, expected) => {
    expect(murmur2(utf8(text), 0, utf8(text).length)).toBe(expected);
  });

  it('looks at nothing outside the range', () => {
    expect(murmur2(utf8('xxfoobaryy'), 2, 8)).toBe(-790332482);
  });

  it('clears the sign before it takes the remainder', () => {
    expect(partitionOf(utf8('foobar'), 0, 6, 4)).toBe((-790332482 & 0x7fffffff) % 4);
    expect(partitionOf(utf8(''), 0, 0, 12)).toBeGreaterThanOrEqual(0);
  });
});

describe('murmur3x128', () => {
  const hash = (bytes: Uint8Array, seed: number) => {
    const out = new Uint8Array(16);
    murmur3x128(bytes, 0, bytes.length, seed, new DataView(out.buffer), 0);
    return out;
  };

  it("passes the verification of the algorithm's own test suite", () => {
    // SMHasher: hash the keys {}, {0}, {0, 1}, … with seeds 256, 255, …; the hash of all hashes begins with B3ECE62A.
    const key = Uint8Array.from({ length: 256 }, (_, i) => i);
    const hashes = new Uint8Array(256 * 16);
    for (let i = 0; i < 256; i++) hashes.set(hash(key.subarray(0, i), 256 - i), i * 16);
    const verification = new DataView(hash(hashes, 0).buffer).getUint32(0, true);
    expect(verification).toBe(0xb3ece62a);
  });

  it('writes where it is told to and reads only the range', () => {
    const out = new Uint8Array(24);
    murmur3x128(utf8('..an-id..'), 2, 7, 9, new DataView(out.buffer), 8);
    expect(out.subarray(0, 8)).toEqual(new Uint8Array(8));
    expect(out.subarray(8)).toEqual(hash(utf8('an-id'), 9));
  });
});
