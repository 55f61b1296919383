import { decodeGap, encodeGap } from './gap-record';

const gap = { service: 'enricher', partition: 3, from: 100, to: 120, reason: 'broken by a deploy' };
const decodeText = (value: string) => decodeGap({ value: Buffer.from(value) });

describe('gaps', () => {
  it('are read as they were written', () => {
    expect(decodeGap(encodeGap(gap))).toEqual(gap);
  });

  it('are replaced by a wider one from the same start', () => {
    expect(encodeGap({ ...gap, to: 500 }).key).toEqual(encodeGap(gap).key);
    expect(encodeGap({ ...gap, partition: 4 }).key).not.toEqual(encodeGap(gap).key);
  });

  it.each([
    '',
    'null',
    '{}',
    '{"service":"enricher","partition":3,"from":5,"to":5}',
    '[1]',
    '{"service":1,"partition":0,"from":0,"to":1}',
  ])('are not made of %j', (value) => {
    expect(decodeText(value)).toBeNull();
  });

  it('are not made of tombstones', () => {
    expect(decodeGap({ value: null })).toBeNull();
  });
});
