import type { Measure } from '@tillstream/core';

import { parseStreamFile } from './parse-stream-file';

const FILE = `
stream: shop
partitions: 2
key: [user]
eventTime: {field: at, outOfOrderness: 10s}
money: {currency: USD}
fields:
  at: {type: timestamp}
  user: {type: string}
  price: {type: money, optional: true}
  items: {type: int, optional: true}
  weight: {type: double, optional: true}
metrics:
  sales:
    window: {size: 1m}
    measures:
      m: MEASURE
      n: count()
`;

/** @param more measures behind it */
function read(text: string, more = ''): Measure | undefined {
  const parsed = parseStreamFile(FILE.replace('MEASURE', `"${text}"`) + more, { file: 'shop.yaml' });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.definition.metrics[0]?.measures[0];
}

const bigPrice = { kind: 'compare', operator: '>' };

describe('a measure', () => {
  it.each<[string, object]>([
    ['count()', { kind: 'count', where: null }],
    ['sum(price)', { kind: 'sum', field: 'price', fieldType: 'money', where: null }],
    ['stddev(weight)', { kind: 'stddev', field: 'weight', fieldType: 'double', where: null }],
    ['rate()', { kind: 'rate', field: null, fieldType: null, where: null }],
    ['rate(price)', { kind: 'rate', field: 'price', fieldType: 'money', where: null }],
    ['median(items)', { kind: 'percentile', field: 'items', fieldType: 'int', percent: 50, where: null }],
    ['percentile(price, 99.9)', { kind: 'percentile', field: 'price', fieldType: 'money', percent: 99.9, where: null }],
    ['percentile(price, 0)', { kind: 'percentile', field: 'price', fieldType: 'money', percent: 0, where: null }],
    ['approx_distinct(items)', { kind: 'approx_distinct', field: 'items', where: null }],
    ['first(user)', { kind: 'first', field: 'user', fieldType: 'string', where: null }],
    ['last(at)', { kind: 'last', field: 'at', fieldType: 'timestamp', where: null }],
    [
      'top(10, user by count())',
      { kind: 'top', field: 'user', fieldType: 'string', limit: 10, by: { kind: 'count' }, where: null },
    ],
    [
      'top(3, items by sum(price))',
      {
        ...{ kind: 'top', field: 'items', fieldType: 'int', limit: 3, where: null },
        by: { kind: 'sum', field: 'price', fieldType: 'money' },
      },
    ],
    [
      'top(1, user by max(at))',
      {
        ...{ kind: 'top', field: 'user', fieldType: 'string', limit: 1, where: null },
        by: { kind: 'max', field: 'at', fieldType: 'timestamp' },
      },
    ],
    ['collect(user, 3)', { kind: 'collect', field: 'user', fieldType: 'string', limit: 3, where: null }],
  ])('%s is read', (text, expected) => {
    expect(read(text)).toEqual({ name: 'm', ...expected });
  });

  it.each([
    'rate()',
    'top(3, user by sum(price))',
    'percentile(price, 95)',
    'approx_distinct(user)',
    'first(price)',
    'stddev(price)',
  ])('%s may have a condition', (text) => {
    expect(read(`${text} where price > 5.00`)).toMatchObject({ name: 'm', where: bigPrice });
  });

  it.each([
    ['rate()', 'double'],
    ['stddev(price)', 'double'],
    ['percentile(price, 95)', 'money'],
    ['percentile(items, 95)', 'int'],
    ['approx_distinct(user)', 'int'],
    ['last(at)', 'timestamp'],
    ['first(price)', 'money'],
  ])('%s is a %s in formulas', (text, type) => {
    expect(read(text, '      same: m\n')).toBeDefined();
    const parsed = parseStreamFile(FILE.replace('MEASURE', text) + '      same: m\n', { file: 'shop.yaml' });
    expect(parsed.ok && parsed.definition.metrics[0]?.measures[2]).toMatchObject({ kind: 'derived', type });
  });

  it('that is a text is no number for formulas', () => {
    const parsed = parseStreamFile(FILE.replace('MEASURE', 'first(user)') + '      half: m / 2\n', {
      file: 'shop.yaml',
    });
    expect(parsed.ok ? [] : parsed.problems.map(({ message }) => message)).toEqual([
      'm is string: expressions over measures use numbers',
    ]);
  });

  it.each([
    ['top(user)', 0, 'top says how many of what by what: top(10, x by count()) or top(10, x by sum(y))'],
    ['top(10, user, count())', 0, 'top says how many of what by what: top(10, x by count()) or top(10, x by sum(y))'],
    ['top(0, user by count())', 4, 'top begins with how many: a whole number from 1 to 1000'],
    ['top(10, usr by count())', 8, 'there is no field usr: did you mean user?'],
    ['top(10, weight by count())', 8, 'weight is a double, and doubles that look equal may differ: use int or string'],
    ['top(10, user by price)', 16, 'top is by count(), sum(x) or max(x)'],
    ['top(10, user by min(price))', 16, 'top is by count(), sum(x) or max(x)'],
    ['top(10, user by count(price))', 22, 'count() takes no field'],
    ['top(10, user by sum())', 16, 'sum needs a field: sum(x)'],
    ['top(10, user by sum(at))', 20, 'sum(at): instants cannot be added; min and max can be taken'],
    ['top(10, user by count(), 3)', 25, 'there is more than top takes: top(10, x by count()) or top(10, x by sum(y))'],
  ])('%s is refused at %i: %s', (text, at, message) => {
    const parsed = parseStreamFile(FILE.replace('MEASURE', text), { file: 'shop.yaml' });
    const column = '      m: '.length + 1 + at;
    expect(parsed.ok ? [] : parsed.problems.map((problem) => [problem.column, problem.message])).toEqual([
      [column, message],
    ]);
  });

  it('is refused where a metric keeps too many sketches already, once', () => {
    const sketch = (i: number): string => `      s${i}: approx_distinct(user) where items > ${i}\n`;
    const shared = '      p1: percentile(price, 1)\n      p2: percentile(price, 2)\n';
    const many = (count: number): string => Array.from({ length: count }, (_, i) => sketch(i)).join('');
    const problemsOf = (text: string): readonly string[] => {
      const parsed = parseStreamFile(FILE.replace('MEASURE', 'count()') + text, { file: 'shop.yaml' });
      return parsed.ok ? [] : parsed.problems.map(({ path }) => path);
    };
    expect(problemsOf(shared + many(15))).toEqual([]);
    expect(problemsOf(shared + many(18))).toEqual(['metrics.sales.measures.s15']);
  });
});
