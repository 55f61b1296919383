import { feedTables } from '@tillstream/contracts';
import type { FeedTable } from '@tillstream/contracts';
import { sinkStream } from '@tillstream/engine/testing';
import { IndexNames } from './index-names';
import { conflictOf, flatMapping, mappingOf, missingIn, nestedColumns } from './mapping';

const [events] = feedTables(sinkStream(), 'events') as readonly [FeedTable];
const wanted = mappingOf(events, { moneyExponent: 2, text: ['user'] });

describe('the mapping of a table', () => {
  it('keeps the names that the store has for itself free', () => {
    expect(Object.keys(wanted).filter((name) => name.startsWith('_'))).toEqual([]);
    expect(wanted['@row.offset']).toEqual({ type: 'long' });
  });

  it('sums money exactly, and searches by word what is said to be text', () => {
    expect(wanted['amount']).toEqual({ type: 'scaled_float', scaling_factor: 100 });
    expect(wanted['user']).toMatchObject({ type: 'text', fields: { keyword: { type: 'keyword' } } });
    expect(wanted['kind']).toMatchObject({ type: 'keyword' });
  });

  it('is met by an index that has it, in whatever shape the store tells it', () => {
    const found = flatMapping({
      '@row': { properties: { offset: { type: 'long' } } },
      amount: { type: 'scaled_float', scaling_factor: 100.0 },
      kind: { type: 'keyword', ignore_above: 256 },
    });
    expect(conflictOf(wanted, found)).toBeNull();
    expect(Object.keys(missingIn(wanted, found) ?? {})).toEqual(
      Object.keys(wanted).filter((name) => !['@row.offset', 'amount', 'kind'].includes(name)),
    );
    expect(missingIn(wanted, wanted)).toBeNull();
  });

  it.each([
    [{ pieces: { type: 'keyword' } }, 'pieces is keyword there and must be long'],
    [
      { amount: { type: 'scaled_float', scaling_factor: 1 } },
      'amount is scaled_float there and must be scaled_float with scaling_factor 100',
    ],
    [{ kind: { properties: { of: { type: 'long' } } } }, 'kind is an object there and must be keyword'],
    [{ '@row': { type: 'keyword' } }, '@row is keyword there and must be an object with @row.partition'],
  ])('is not met by %j', (properties, conflict) => {
    expect(conflictOf(wanted, flatMapping(properties))).toBe(conflict);
  });

  it('cannot have a column within another', () => {
    expect(nestedColumns(wanted)).toBeNull();
    expect(nestedColumns({ meta: { type: 'keyword' }, 'meta.domain': { type: 'keyword' } })).toEqual([
      'meta',
      'meta.domain',
    ]);
  });
});

describe('the names of indexes', () => {
  const finals = feedTables(sinkStream(), 'finals');
  const timeMs = Date.UTC(2026, 0, 5, 23, 59, 59, 999);

  it('say the day of a row, or less of it', () => {
    const nameOf = (rollover: 'day' | 'month' | 'year' | 'none') => new IndexNames('shop', events, rollover).of(timeMs);
    expect(nameOf('day')).toBe('shop-events-2026.01.05');
    expect(nameOf('month')).toBe('shop-events-2026.01');
    expect(nameOf('year')).toBe('shop-events-2026');
    expect(nameOf('none')).toBe('shop-events');
    const names = new IndexNames('shop', events, 'day');
    expect([timeMs, timeMs + 1, timeMs].map((ms) => names.of(ms).slice(-2))).toEqual(['05', '06', '05']);
  });

  it('tell the indexes of one table from those of all others, though they begin alike', () => {
    const all = [events, ...finals].map((table) => new IndexNames('shop', table, 'day'));
    const others = [new IndexNames('shop-events', events, 'day'), new IndexNames('shop-finals', events, 'day')];
    for (const names of [...all, ...others]) {
      const own = names.of(timeMs);
      expect([...all, ...others].filter((one) => one.isOne(own))).toEqual([names]);
      expect(own).toBe(own.toLowerCase());
    }
    const [declared] = all.slice(1) as [IndexNames];
    const undeclared = all.at(-1) as IndexNames;
    expect(declared.of(timeMs).startsWith(undeclared.pattern.slice(0, -1))).toBe(false);
  });
});
