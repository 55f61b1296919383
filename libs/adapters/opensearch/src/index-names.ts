import { isoInstant } from '@tillstream/contracts';
import type { FeedTable } from '@tillstream/contracts';
import type { Rollover } from './settings';

/** How much of `2026-01-05` stands in a name. */
const DATE_CHARACTERS: Readonly<Record<Rollover, number>> = { day: 10, month: 7, year: 4, none: 0 };
const SUFFIXES: Readonly<Record<Rollover, RegExp>> = {
  day: /^-\d{4}\.\d\d\.\d\d$/,
  month: /^-\d{4}\.\d\d$/,
  year: /^-\d{4}$/,
  none: /^$/,
};

/** The indexes of one table: `commerce-events-2026.01.05`, `commerce-finals-revenue@0123abcd-2026.01.05`. */
export class IndexNames {
  /** What all of them begin with; the name of their template. */
  readonly base: string;
  private dayMs = NaN;
  private name = '';

  constructor(
    prefix: string,
    { feed, name, metric }: FeedTable,
    private readonly rollover: Rollover,
  ) {
    // Else the pattern of what is left of undeclared metrics would be one for those of all declared ones.
    const finals = metric === null ? 'finals-undeclared' : `finals-${name}`;
    this.base = `${prefix}-${feed === 'finals' ? finals : feed}`.toLowerCase();
  }

  /** Matches all of them, and maybe those of others. */
  get pattern(): string {
    return this.rollover === 'none' ? this.base : `${this.base}-*`;
  }

  isOne(index: string): boolean {
    return index.startsWith(this.base) && SUFFIXES[this.rollover].test(index.slice(this.base.length));
  }

  /** Where a row belongs: the same for a row whenever it is stored. */
  of(timeMs: number): string {
    if (this.rollover === 'none') return this.base;
    const dayMs = Math.floor(timeMs / 86_400_000);
    if (dayMs !== this.dayMs) {
      this.dayMs = dayMs;
      const date = isoInstant(timeMs).slice(0, DATE_CHARACTERS[this.rollover]).replaceAll('-', '.');
      this.name = `${this.base}-${date}`;
    }
    return this.name;
  }
}
