import { RecentMaximum } from './recent-maximum';

describe('a maximum of the last minute', () => {
  it.each([
    ['at once', [[0, 7]], 0, 7],
    ['half a minute later', [[0, 7]], 30_000, 7],
    [
      'among smaller ones that came since',
      [
        [0, 7],
        [20_000, 1],
        [40_000, 2],
      ],
      59_999,
      7,
    ],
    [
      'no more after a while',
      [
        [0, 7],
        [40_000, 2],
      ],
      70_000,
      2,
    ],
    ['not at all after a long silence', [[0, 7]], 500_000, -Infinity],
  ] as const)('is there %s', (_when, noted, nowMs, expected) => {
    const maximum = new RecentMaximum();
    for (const [atMs, value] of noted) maximum.note(value, atMs);
    expect(maximum.at(nowMs)).toBe(expected);
  });
});
