import * as fc from 'fast-check';
import { sizeOfVarint, VarintCursor, writeVarint } from './varint';

const numbers = fc.oneof(
  fc.integer({ min: -(2 ** 51), max: 2 ** 51 }),
  fc.integer({ min: -200, max: 200 }),
  fc.integer({ min: -(2 ** 31), max: 2 ** 31 }),
);

/** The definition, bit by bit. */
function expectedBytes(value: number): number[] {
  let rest = value >= 0 ? 2n * BigInt(value) : -2n * BigInt(value) - 1n;
  const bytes: number[] = [];
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) + 128);
  return [...bytes, Number(rest)];
}

describe('variable-length numbers', () => {
  it('are the zigzag numbers of Protocol Buffers', () =>
    fc.assert(
      fc.property(numbers, (value) => {
        const buffer = Buffer.alloc(12);
        const end = writeVarint(buffer, 1, value);
        expect([...buffer.subarray(1, end)]).toEqual(expectedBytes(value));
        expect(sizeOfVarint(value)).toBe(end - 1);
      }),
    ));

  it('are read back one behind the other', () =>
    fc.assert(
      fc.property(fc.array(numbers, { maxLength: 20 }), (values) => {
        const buffer = Buffer.alloc(200);
        let end = 0;
        for (const value of values) end = writeVarint(buffer, end, value);
        const cursor = new VarintCursor(buffer, 0);
        expect(values.map(() => cursor.next())).toEqual(values);
        expect(cursor.position).toBe(end);
      }),
    ));

  it('are refused when the buffer ends inside one, or one never ends', () => {
    expect(() => new VarintCursor(Buffer.from([0x80]), 0).next()).toThrow(RangeError);
    expect(() => new VarintCursor(Buffer.alloc(20, 0x80), 0).next()).toThrow(RangeError);
  });
});
