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
    ['collect(user, 3)', { kind: 'collect', field: 'user', fieldType: 'string', limit: 3, where: null }],
  ])('%s is read', (text, expected) => {
    expect(read(text)).toEqual({ name: 'm', ...expected });
  });

  it.each(['rate()', 'percentile(price, 95)', 'approx_distinct(user)', 'first(price)', 'stddev(price)'])(
    '%s may have a condition',
    (text) => {
      expect(read(`${text} where price > 5.00`)).toMatchObject({ name: 'm', where: bigPrice });
    },
  );

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
