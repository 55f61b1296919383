import { TEXT_TESTS, TIME_PARTS } from '@tillstream/core';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Document, parse } from 'yaml';
import { Value } from './document';
import { formatProblems } from './problem';
import { parseStreamFile } from './parse-stream-file';

/** What an example does not say. */
const REST = `
stream: shop
partitions: 4
key: [user_id]
eventTime: {field: timestamp, outOfOrderness: 10s}
money: {currency: USD}
fields:
  timestamp: {type: timestamp}
  event_id: {type: string, optional: true}
  user_id: {type: string, optional: true}
  session_id: {type: string, optional: true}
  event_type: {type: string, values: [page_view, add_to_cart, remove_from_cart, purchase]}
  product_id: {type: string, optional: true}
  category: {type: string, optional: true}
  device_type: {type: string, optional: true}
  country: {type: string, optional: true}
  quantity: {type: int, optional: true}
  product_name: {type: string, optional: true}
  price: {type: money, optional: true}
  revenue: {type: money, optional: true}
`;

const page = readFileSync(join(process.cwd(), 'docs/stream-files.md'), 'utf8');
const examples = [...page.matchAll(/```yaml\n([^]*?)```/g)].map(([, text]) => text ?? '');

/**
 * What the tables of keys tell, each by the name that its section has in them: '' for the keys that a table is about, `window`
 * for rows such as `window.size`. By key: its type, its default, and what it is.
 */
const tables: readonly ReadonlyMap<string, readonly string[]>[] = page
  .split(/\n(?!\|)/)
  .filter((block) => /^\| key +\| type +\| default +\| what it is/m.test(block))
  .flatMap((block) => {
    const sections = new Map<string, Map<string, readonly string[]>>();
    for (const line of block.split('\n')) {
      const [, first = '', ...cells] = line.split(/(?<!\\)\|/).map((cell) => cell.trim());
      const [, section = '', key] = /^`(?:(\w+)\.)?(\w+)`$/.exec(first) ?? [];
      if (key === undefined) continue;
      const rows = sections.get(section) ?? new Map<string, readonly string[]>();
      sections.set(section, rows.set(key, cells.slice(0, 3)));
    }
    return [...sections.values()];
  });

/** The keys of each section that the examples make the reader look into, and of those keys the ones that are there. */
function sectionsRead(): ReadonlyMap<string, { readonly keys: readonly string[]; readonly given: Set<string> }> {
  const sections = new Map<string, { readonly keys: readonly string[]; readonly given: Set<string> }>();
  const read = Value.prototype.section;
  const spy = jest.spyOn(Value.prototype, 'section').mockImplementation(function (this: Value, keys, refused) {
    const section = read.call(this, keys, refused);
    const name = keys.join(' ');
    const known = sections.get(name) ?? { keys, given: new Set() };
    sections.set(name, known);
    for (const key of keys) if (section?.get(key)) known.given.add(key);
    return section;
  });
  for (const example of examples) parseStreamFile(wholeFile(example), { file: 'example.yaml' });
  spy.mockRestore();
  return sections;
}

/** An example with what it does not say. */
function wholeFile(example: string): string {
  return new Document({ ...(parse(REST) as object), ...(parse(example) as object) }).toString();
}

const FUNCTIONS = [...TEXT_TESTS, ...TIME_PARTS, 'has(', 'size(', 'lowerAscii('];

describe('the reference of stream files', () => {
  it('has examples', () => {
    expect(examples.length).toBeGreaterThan(5);
  });

  it.each(examples)('gives an example that is read:\n%s', (example) => {
    const parsed = parseStreamFile(wholeFile(example), { file: 'example.yaml' });
    expect(parsed.ok ? '' : formatProblems('example.yaml', parsed.problems)).toBe('');
  });

  describe('for each section', () => {
    const sections = [...sectionsRead().values()];

    it('reads them all', () => {
      expect(sections.map(({ keys }) => keys[0])).toEqual(
        expect.arrayContaining([
          'stream',
          'field',
          'within',
          'currency',
          'raw',
          'type',
          'value',
          'from',
          'gap',
          'size',
          'every',
          'filter',
        ]),
      );
    });

    it.each(sections)('tells of $keys, and of no others, each with its type and default', ({ keys }) => {
      const inOrder = (names: Iterable<string>): string => [...names].sort().join(' ');
      const told = tables.find((rows) => inOrder(rows.keys()) === inOrder(keys));
      const near = tables.map((rows) => inOrder(rows.keys())).filter((names) => names.includes(keys[0] ?? ''));
      expect({ table: told ? inOrder(told.keys()) : near }).toEqual({ table: inOrder(keys) });
      for (const cells of told?.values() ?? []) {
        expect(cells).toHaveLength(3);
        expect(cells).not.toContain('');
      }
    });

    it.each(sections)('has an example of each of $keys', ({ keys, given }) => {
      expect(keys.filter((key) => !given.has(key))).toEqual([]);
    });
  });

  it('tells of every function', () => {
    const functions = ['count', 'sum', 'avg', 'min', 'max', 'stddev', 'rate', 'percentile', 'median', 'first', 'last'];
    for (const name of [...functions, 'distinct', 'approx_distinct', 'collect', 'top'])
      expect(page).toContain(`\`${name}(`);
    for (const name of FUNCTIONS) expect(page).toContain(name);
  });
});
