import { readFileSync } from 'node:fs';
import { measuredCosts } from '../../scale/costs';
import { demandTable, skewLines, skewTable } from '../../scale/report';

const RATES = [10_000, 100_000, 1_000_000, 10_000_000];
const KEYS = 1_000_000;

/** Without what the formatter does to a table. */
const squeezed = (text: string): string => text.replace(/[\s|:-]+/g, ' ');

describe('docs/scaling.md', () => {
  const page = squeezed(readFileSync('docs/scaling.md', 'utf8'));

  it.each([false, true])(
    'says what rates ask for as it is computed; with sessions: %s',
    (withVisits) => {
      expect(page).toContain(squeezed(demandTable(RATES, KEYS, measuredCosts(), withVisits)));
    },
    60_000,
  );

  it('says how uneven partitions are as it is computed', () => {
    expect(page).toContain(squeezed(skewTable(KEYS, skewLines(KEYS))));
  }, 60_000);
});
