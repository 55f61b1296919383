import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatProblems } from './problem';
import { parseStreamFile } from './parse-stream-file';

const FILE = 'deploy/streams/retail.yaml';

describe('the stream file of a shop’s invoices', () => {
  const parsed = parseStreamFile(readFileSync(join(process.cwd(), FILE), 'utf8'), { file: FILE });
  if (!parsed.ok) throw new Error(formatProblems(FILE, parsed.problems));
  const { schema, metrics } = parsed.definition;

  it('keeps lines of a customer together, and of an invoice where nobody is named', () => {
    expect(schema).toMatchObject({ key: ['customer_id', 'invoice_no'], money: { currency: 'GBP', exponent: 2 } });
  });

  it('works out what a line comes to, whether it takes something back, and its hour', () => {
    const computed = schema.fields.filter((field) => field.default !== null);
    expect(computed.map(({ name, type }) => [name, type])).toEqual([
      ['amount', 'money'],
      ['cancelled', 'bool'],
      ['hour_of_day', 'int'],
    ]);
  });

  it('knows who has sent back much in the partition of that customer, and everything else over all', () => {
    expect(metrics.filter(({ local }) => local).map(({ name }) => name)).toEqual(['large_returns']);
    expect(metrics).toHaveLength(8);
  });
});
