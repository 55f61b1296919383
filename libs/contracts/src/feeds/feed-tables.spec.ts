import { commerceDefinition, definitionFrom, smallDefinition } from '../testing';
import { feedTables, feedsOf } from './feed-tables';
import { FEEDS } from './feed';

const namesOf = (...args: Parameters<typeof feedTables>) =>
  feedTables(...args).map(({ columns }) => columns.map(({ name }) => name));

describe('the tables of feeds', () => {
  it('have of events where they stand, and then the declared fields in order', () => {
    const [table] = feedTables(smallDefinition(), 'events');
    expect(table?.columns.map(({ name, type }) => `${name} ${type}`)).toEqual([
      ...['_partition int', '_offset int', '_index int', '_append_time timestamp'],
      ...['id string', 'at timestamp', 'user string', 'kind string', 'category string', 'amount money'],
    ]);
    expect(table?.columns.at(-1)?.of).toEqual({ kind: 'field', name: 'amount', number: 6 });
  });

  it('are of finals one a metric, typed as its groups and measures are, and one for metrics that are no more', () => {
    const definition = smallDefinition();
    const tables = feedTables(definition, 'finals');
    expect(tables.map(({ name }) => name)).toEqual([...definition.metrics.map(({ identity }) => identity), 'finals']);
    expect(tables[0]?.columns.slice(7).map(({ name, type }) => `${name} ${type}`)).toEqual([
      ...['category string', 'total money', 'orders int', 'average decimal'],
    ]);
    expect(tables[1]?.columns.slice(7).map(({ name, type }) => `${name} ${type}`)).toEqual([
      ...['user string', 'total money', 'categories strings'],
    ]);
  });

  it('have finals of metrics over sessions and attributions too, and none of running totals', () => {
    const commerce = commerceDefinition();
    const names = feedTables(commerce, 'finals').map(({ metric }) => metric);
    const derived = (commerce.derived ?? []).flatMap(({ definition }) => definition.metrics.map(({ name }) => name));
    expect(derived.length).toBeGreaterThan(0);
    expect(names).toEqual(expect.arrayContaining(derived));
    const total = definitionFrom(`stream: s
partitions: 1
key: [user]
eventTime: {field: at, outOfOrderness: 1s}
fields: {at: {type: timestamp}, user: {type: string}}
metrics: {all: {window: global, measures: {n: count()}}}
`);
    expect(feedTables(total, 'finals').map(({ name }) => name)).toEqual(['finals']);
  });

  it('have columns that no store takes for one another, whatever things are called', () => {
    const { columns } = feedTables(
      definitionFrom(`stream: s
partitions: 1
key: [user]
eventTime: {field: at, outOfOrderness: 1s}
fields: {at: {type: timestamp}, user: {type: string}, User: {type: string}, metric: {type: int, optional: true}}
metrics: {all: {groupBy: [user, User, metric], window: {size: 1m}, measures: {user: count(), revision: sum(metric)}}}
`),
      'finals',
    )[0] ?? { columns: [] };
    expect(columns.slice(7).map(({ name, of }) => [name, of?.kind, of?.kind && of.name])).toEqual([
      ['user', 'group', 'user'],
      ['User_2', 'group', 'User'],
      ['metric_2', 'group', 'metric'],
      ['user_3', 'measure', 'user'],
      ['revision_2', 'measure', 'revision'],
    ]);
  });

  it('are there only for what the stream declares', () => {
    expect(feedsOf(smallDefinition())).toEqual(['events', 'finals', 'late', 'dead_letters']);
    expect(feedTables(smallDefinition(), 'sessions')).toEqual([]);
    expect(feedsOf(commerceDefinition())).toEqual(FEEDS);
    for (const feed of FEEDS) expect(namesOf(commerceDefinition(), feed).length).toBeGreaterThan(0);
  });
});
