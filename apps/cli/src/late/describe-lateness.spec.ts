import { Punctuality } from '@tillstream/engine';
import { durationText, percent, sentence } from './describe-lateness';

describe('durations', () => {
  it.each([
    [0, '0ms'],
    [12.2, '13ms'],
    [1_000, '1s'],
    [59_001, '60s'],
    [61_000, '1m 1s'],
    [3_599_500, '60m'],
    [3_661_000, '1h 2m'],
    [90_000_000, '1d 1h'],
    [-61_000, '−1m 1s'],
  ])('of %p ms are shown as %p, never too short', (ms, text) => {
    expect(durationText(ms)).toBe(text);
  });
});

describe('shares', () => {
  it.each([
    [0, 0, '–'],
    [0, 10, '0.00 %'],
    [1, 3, '33.33 %'],
    [1, 1_000_000, '<0.01 %'],
  ])('%p of %p is %p', (part, whole, text) => {
    expect(percent(part, whole)).toBe(text);
  });
});

describe('a diagnosis', () => {
  it('says in words whose clock or delay it is', () => {
    const origin = new Punctuality();
    origin.rows = 200;
    origin.ahead.add(5_000, 100);
    expect(sentence({ cause: 'clock-ahead', byMs: 5_000 }, origin)).toContain(
      'clock ahead by 5s in 50.00 % of its rows',
    );
    expect(sentence({ cause: 'always-behind', byMs: 90_000 }, origin)).toContain('behind by 1m 30s all the time');
    expect(sentence({ cause: 'bursts', byMs: 3_600_000 }, origin)).toContain('up to 1h now and then');
    expect(sentence({ cause: 'in-time', byMs: 0 }, origin)).toBe('in time');
  });
});
