import fc from 'fast-check';
import type { ResultRow } from '../query/result-row';
import type { DiffSummary, GroupDifference, WindowRows } from './compare-metrics';
import { compareMetrics } from './compare-metrics';
import { compareValues } from './compare-values';

const row = (start: string, group: string, measures: ResultRow['measures']): ResultRow => ({
  ...{ metric: 'm', window_start: start, window_end: '', group: { g: group }, measures },
  ...{ final: true, revision: 1, late_rows: 0 },
});

async function* windows(rows: readonly ResultRow[]): AsyncGenerator<WindowRows> {
  const starts = [...new Set(rows.map(({ window_start }) => window_start))].sort();
  for (const start of starts) yield { start, rows: rows.filter(({ window_start }) => window_start === start) };
}

async function diff(
  a: readonly ResultRow[],
  b: readonly ResultRow[],
  tolerance = 0,
): Promise<{ differences: GroupDifference[]; summary: DiffSummary }> {
  const differences: GroupDifference[] = [];
  const comparison = compareMetrics(windows(a), windows(b), ['n', 'money'], tolerance);
  for (;;) {
    const next = await comparison.next();
    if (next.done === true) return { differences, summary: next.value };
    differences.push(next.value);
  }
}

describe('comparing values', () => {
  it.each([
    ['10.20', '10.50', '0.30', 2.94],
    ['0.10', '0.30', '0.20', 200],
    ['-1.5', '1.25', '2.75', 183.33],
    ['9007199254740993', '9007199254740992', '-1', 0],
    [2, 3, '1', 50],
    ['5.00', 4.5, '-0.50', -10],
  ])('%p and %p differ by %p', (a, b, absolute, percent) => {
    const difference = compareValues(a, b);
    expect(difference?.absolute).toBe(absolute);
    expect(difference?.percent).toBeCloseTo(percent, 2);
  });

  it.each([
    [null, null],
    ['1.50', '1.5'],
    [['a'], ['a']],
    [true, true],
  ])('%p and %p are equal', (a, b) => {
    expect(compareValues(a, b)).toBeNull();
  });

  it('has no percentage of nothing, and no difference of what is no number', () => {
    expect(compareValues(0, 3)).toMatchObject({ absolute: '3', percent: null });
    expect(compareValues(null, 3)).toMatchObject({ absolute: null, percent: null });
    expect(compareValues('books', 'audio')).toMatchObject({ absolute: null });
  });

  it('takes near numbers for equal if so wished', () => {
    expect(compareValues(100, 101, 0.01)).toBeNull();
    expect(compareValues(100, 102, 0.01)).not.toBeNull();
  });
});

describe('comparing metrics', () => {
  it('finds what differs and what only one of them has', async () => {
    const { differences, summary } = await diff(
      [row('1', 'x', { n: 1, money: '2.00' }), row('1', 'y', { n: 1, money: '1.00' }), row('2', 'x', { n: 5 })],
      [row('1', 'x', { n: 1, money: '3.00' }), row('1', 'z', { n: 1 }), row('3', 'x', { n: 5 })],
    );
    expect(differences.map(({ window_start, group, only }) => [window_start, group['g'], only])).toEqual([
      ['1', 'x', null],
      ['1', 'y', 'a'],
      ['1', 'z', 'b'],
      ['2', 'x', 'a'],
      ['3', 'x', 'b'],
    ]);
    expect(summary).toMatchObject({ windows: 3, equal: 0, different: 1, onlyA: 2, onlyB: 2 });
    expect(summary.measures.get('money')).toEqual({ different: 1, largest: 1, largestPercent: 50 });
  });

  const rows = fc
    .uniqueArray(fc.tuple(fc.constantFrom('1', '2', '3'), fc.constantFrom('x', 'y'), fc.nat(2)), {
      selector: ([start, group]) => `${start}/${group}`,
    })
    .map((cells) => cells.map(([start, group, n]) => row(start, group, { n })));

  it('counts every pair once, and the same from both sides', () =>
    fc.assert(
      fc.asyncProperty(rows, rows, async (a, b) => {
        const there = (await diff(a, b)).summary;
        const back = (await diff(b, a)).summary;
        expect(there.equal + there.different + there.onlyA).toBe(a.length);
        expect(there.equal + there.different + there.onlyB).toBe(b.length);
        expect([back.equal, back.different, back.onlyA, back.onlyB]).toEqual([
          ...[there.equal, there.different, there.onlyB, there.onlyA],
        ]);
        expect((await diff(a, a)).differences).toEqual([]);
      }),
    ));
});
