import { definitionFrom, smallStreamFile } from '../testing';
import type { StreamDefinition } from './stream-definition';

const base = smallStreamFile();

/** The small stream with one piece of text replaced. */
function changed(piece: string, by: string): StreamDefinition {
  expect(base).toContain(piece);
  return definitionFrom(base.replace(piece, () => by));
}

const identityOf = (definition: StreamDefinition, name: string) =>
  definition.metrics.find((metric) => metric.name === name)?.identity;

describe('the hash of a stream file', () => {
  const { sha256 } = definitionFrom(base);

  it('is 64 hex digits, the same each time', () => {
    expect(sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(definitionFrom(base).sha256).toBe(sha256);
  });

  // Streams are in force under it: if it changes, no service starts any more.
  it('is what it was in earlier versions', () => {
    expect(sha256).toBe('b04f41762595f5ba5c8bc782065e1a15a659bebec1f9a2ecd7d144b1d0986762');
  });

  it.each([
    ['a comment', 'stream: small', '# the smallest\nstream:   small # really'],
    ['the style of a section', 'id: {field: id}', 'id:\n  field: "id"'],
    ['a default that is written out', 'outOfOrderness: 2s}', 'outOfOrderness: 2000ms, zone: UTC, idleAfter: 10s}'],
    ['the order of values', '[view, cart, buy]', '[buy, view, cart]'],
    [
      'how a condition is spaced and quoted',
      "where: kind == 'buy'\n    groupBy: [user]",
      'where: (kind  ==  "buy")\n    groupBy: [user]',
    ],
    ['a cadence', '    window: {size: 10s}', '    emit: {every: 1s}\n    window: {size: 10s}'],
    ['retention', 'fields:', 'retention: {raw: 1d}\nfields:'],
    ['a topic that is named as it is anyway', 'fields:', 'topics: {raw: small.raw.v1}\nfields:'],
  ])('is not changed by %s', (_, piece, by) => {
    expect(changed(piece, by).sha256).toBe(sha256);
  });

  it.each([
    ['the partitions', 'partitions: 2', 'partitions: 3'],
    ['the key', 'key: [user]', 'key: [user, id]'],
    ['how long an id is remembered', 'id: {field: id}', 'id: {field: id, dedupe: {within: 1h}}'],
    ['a time bound', 'outOfOrderness: 2s', 'outOfOrderness: 3s'],
    ['the currency', 'currency: USD', 'currency: EUR'],
    [
      'a field’s type',
      'category: {type: string, optional: true, dictionary: true}',
      'category: {type: int, optional: true}',
    ],
    ['an alias', '[view, cart, buy]}', '[view, cart, buy], aliases: {look: view}}'],
    [
      'the order of fields, which numbers them',
      '  id: {type: string}\n  at: {type: timestamp}\n',
      '  at: {type: timestamp}\n  id: {type: string}\n',
    ],
    ['the path of a field', 'id: {type: string}', 'id: {type: string, path: meta.id}'],
    ['a metric', 'orders: count()', "orders: count() where kind == 'buy'"],
    ['a topic', 'fields:', 'topics: {raw: elsewhere}\nfields:'],
  ])('is changed by %s', (_, piece, by) => {
    expect(changed(piece, by).sha256).not.toBe(sha256);
  });

  it('depends on what results are compared with', () => {
    const compared = (by: string) => changed('size: 20s, hop: 5s}', `size: 20s, hop: 5s}\n    compare: ${by}`).sha256;
    expect(new Set([sha256, compared('previous'), compared('[previous, 1h]'), compared('[1h, previous]')]).size).toBe(
      4,
    );
  });

  it('does not depend on the order of metrics', () => {
    const visitors = base.slice(base.indexOf('  visitors:'));
    const moved = base.replace(visitors, '').replace('metrics:\n', `metrics:\n${visitors}`);
    expect(definitionFrom(moved).metrics.map(({ name }) => name)).toEqual(['visitors', 'sales', 'spend']);
    expect(definitionFrom(moved).sha256).toBe(sha256);
  });
});

describe('the identity of a metric', () => {
  const sales = identityOf(definitionFrom(base), 'sales');

  it('is its name and 8 hex digits', () => {
    expect(sales).toMatch(/^sales@[0-9a-f]{8}$/);
  });

  it.each([
    ['its condition', "sales:\n    where: kind == 'buy'", "sales:\n    where: kind == 'cart'"],
    ['its groups', 'groupBy: [category]', 'groupBy: [kind]'],
    ['its window', 'size: 20s, hop: 5s', 'size: 20s, hop: 10s'],
    ['its bound', 'size: 20s, hop: 5s}', 'size: 20s, hop: 5s}\n    outOfOrderness: 9s'],
    ['the stream’s bound, where it has none of its own', 'outOfOrderness: 2s', 'outOfOrderness: 3s'],
    ['a measure', 'total: sum(amount), orders', 'total: max(amount), orders'],
    ['the name of a measure', 'orders: count()', 'purchases: count()'],
    ['the currency', 'currency: USD', 'currency: JPY'],
    [
      'the type of its groups',
      'category: {type: string, optional: true, dictionary: true}',
      'category: {type: int, optional: true}',
    ],
  ])('is changed by %s', (_, piece, by) => {
    expect(identityOf(changed(piece, by), 'sales')).not.toBe(sales);
  });

  it.each([
    ['another metric', 'size: 10s', 'size: 20s'],
    ['what its results are compared with', 'size: 20s, hop: 5s}', 'size: 20s, hop: 5s}\n    compare: [previous, 1h]'],
    ['the key, which belongs to the stream', 'key: [user]', 'key: [user, id]'],
    ['partitions', 'partitions: 2', 'partitions: 8'],
    [
      'a field it does not use',
      '  id: {type: string}\n',
      '  id: {type: string}\n  country: {type: string, optional: true}\n',
    ],
  ])('is not changed by %s', (_, piece, by) => {
    expect(identityOf(changed(piece, by), 'sales')).toBe(sales);
  });
});

describe('a metric is local', () => {
  const isLocal = (groupBy: string) =>
    changed('groupBy: [category]', `groupBy: ${groupBy}`).metrics.find(({ name }) => name === 'sales')?.local;

  it('when its groups contain the first key field, for then all rows of a group are in one partition', () => {
    expect(isLocal('[user]')).toBe(true);
    expect(isLocal('[category, user]')).toBe(true);
    expect(isLocal('[category]')).toBe(false);
    expect(isLocal('[id]')).toBe(false);
  });

  it('and may then count distinct values of any field', () => {
    const local = changed('categories: collect(category)', 'categories: distinct(category)');
    expect(local.metrics.find(({ name }) => name === 'spend')?.measures[1]).toEqual({
      name: 'categories',
      kind: 'distinct',
      field: 'category',
      where: null,
    });
  });
});
