import { TEXT_TESTS, TIME_PARTS } from '@tillstream/core';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Document, parse } from 'yaml';
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
  event_type: {type: string, values: [page_view, purchase]}
  category: {type: string, optional: true}
  product_name: {type: string, optional: true}
  price: {type: money, optional: true}
  revenue: {type: money, optional: true}
`;

const page = readFileSync(join(process.cwd(), 'docs/stream-files.md'), 'utf8');
const examples = [...page.matchAll(/```yaml\n([^]*?)```/g)].map(([, text]) => text ?? '');

const FUNCTIONS = [...TEXT_TESTS, ...TIME_PARTS, 'has(', 'size(', 'lowerAscii('];

describe('the reference of stream files', () => {
  it('has examples', () => {
    expect(examples.length).toBeGreaterThan(5);
  });

  it.each(examples)('gives an example that is read:\n%s', (example) => {
    const whole = { ...(parse(REST) as object), ...(parse(example) as object) };
    const file = new Document(whole).toString();
    const parsed = parseStreamFile(file, { file: 'example.yaml' });
    expect(parsed.ok ? '' : formatProblems('example.yaml', parsed.problems)).toBe('');
  });

  it('tells of every function', () => {
    const functions = ['count', 'sum', 'avg', 'min', 'max', 'stddev', 'rate', 'percentile', 'median', 'first', 'last'];
    for (const name of [...functions, 'distinct', 'approx_distinct', 'collect', 'top'])
      expect(page).toContain(`\`${name}(`);
    for (const name of FUNCTIONS) expect(page).toContain(name);
  });
});
