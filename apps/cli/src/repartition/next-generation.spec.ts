import { definitionFrom } from '@tillstream/contracts/testing';
import { CliError } from '../cli-context';
import { nextGeneration } from './next-generation';

const TEXT = `# The shop.
stream: shop
partitions: 4   # enough for now
key: [user]
eventTime: { field: at, outOfOrderness: 1s }
topics:
  raw: shop-events   # written by the tills
  late: "too-late.v1"
fields:
  at: { type: timestamp }
  user: { type: string }
`;
const shop = definitionFrom(TEXT);

describe('the next generation of a stream', () => {
  it('has its file, with other numbers and other topics', () => {
    const { text, topics, schema, generation } = nextGeneration(shop, 12);
    expect({ generation, partitions: schema.partitions }).toEqual({ generation: 2, partitions: 12 });
    expect(topics).toMatchObject({ raw: 'shop-events.v2', late: 'too-late.v2', enriched: 'shop.enriched.v2' });
    expect(text).toContain('# The shop.\nstream: shop\ngeneration: 2\npartitions: 12\n');
    expect(text).toContain('raw: shop-events.v2   # written by the tills');
  });

  it('is followed by one more', () => {
    const { text, topics, generation } = nextGeneration(nextGeneration(shop, 8), 16);
    expect(generation).toBe(3);
    expect(topics).toMatchObject({ raw: 'shop-events.v3', enriched: 'shop.enriched.v3' });
    expect(text.match(/^generation:/gm)).toHaveLength(1);
  });

  it.each([6, 4, 2])('is not one of %i partitions after 4', (partitions) => {
    expect(() => nextGeneration(shop, partitions)).toThrow(`shop has 4 partitions and cannot be given ${partitions}`);
    expect(() => nextGeneration(shop, partitions)).toThrow(CliError);
  });

  it('is not made of a file that is written on one line', () => {
    const inline = definitionFrom(
      '{stream: shop, partitions: 4, key: [user], eventTime: {field: at, outOfOrderness: 1s}, fields: {at: {type: timestamp}, user: {type: string}}}',
    );
    expect(() => nextGeneration(inline, 8)).toThrow('is written in a way that is not changed by this command');
  });
});
