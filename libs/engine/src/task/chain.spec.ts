import * as fc from 'fast-check';
import type { RawRange } from './chain';
import { judgeRange } from './chain';

describe('judgeRange', () => {
  it.each([
    ['all of it is known', { rawFrom: 0, rawNext: 100 }, 100, 'drop'],
    ['it ends where the reader stands', { rawFrom: 50, rawNext: 100 }, 100, 'drop'],
    ['it begins where the reader stands', { rawFrom: 100, rawNext: 120 }, 100, 'take'],
    ['it overlaps', { rawFrom: 50, rawNext: 150 }, 100, 'take'],
    ['something before it is missing', { rawFrom: 101, rawNext: 150 }, 100, 'hole'],
  ] as const)('%s', (_case, range, next, verdict) => {
    expect(judgeRange(range, next)).toBe(verdict);
  });

  /** A writer begins where some batch in the log ends; how far it gets, and how often it repeats itself, is anyone's guess. */
  const chains = fc.array(fc.record({ from: fc.nat(50), length: fc.integer({ min: 1, max: 9 }) }), { maxLength: 60 });

  it('shows a reader every offset once, whatever writers overlap, repeat and come too late', () =>
    fc.assert(
      fc.property(chains, (lives) => {
        const log: RawRange[] = [];
        for (const { from, length } of lives) {
          const ends = [0, ...log.map(({ rawNext }) => rawNext)];
          const rawFrom = ends[from % ends.length] ?? 0;
          log.push({ rawFrom, rawNext: rawFrom + length });
        }
        const seen: number[] = [];
        let next = 0;
        for (const range of log) {
          const verdict = judgeRange(range, next);
          expect(verdict).not.toBe('hole');
          if (verdict === 'drop') continue;
          for (let offset = next; offset < range.rawNext; offset += 1) seen.push(offset);
          next = range.rawNext;
        }
        expect(seen).toEqual(Array.from({ length: next }, (_, offset) => offset));
      }),
    ));
});
