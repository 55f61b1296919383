import { fieldPortions } from './field-portions';

const sizesOf = (sizes: readonly number[]): number[] => [...fieldPortions(sizes, (size) => size)].map((p) => p.length);

describe('portions of fields', () => {
  it('hold at most 500 fields', () => {
    expect(sizesOf(new Array<number>(1_001).fill(10))).toEqual([500, 500, 1]);
  });

  it('hold at most 256 KiB, but for a field that is larger by itself', () => {
    const kib = 1024;
    expect(sizesOf([200 * kib, 56 * kib, 1, 300 * kib, 1])).toEqual([2, 1, 1, 1]);
  });

  it('are none when there is nothing to write', () => {
    expect(sizesOf([])).toEqual([]);
  });
});
