import { topicSpecs } from '../topics/topic-specs';
import { definitionFrom, smallDefinition, smallStreamFile } from '../testing';
import type { SinkDefinition } from './sink-definition';
import type { StreamDefinition } from './stream-definition';

const small = (sections: string): StreamDefinition => definitionFrom(smallStreamFile() + sections);
const sink = (definition: StreamDefinition, name: string): SinkDefinition | undefined =>
  definition.sinks?.find((candidate) => candidate.name === name);

const SINKS = `sinks:
  search:
    type: opensearch
    where: https://search:9200
    what:
      finals: {metrics: [sales], filter: "!truncated", columns: [window_start, total]}
      events: {filter: "kind == 'buy' && amount > 1"}
      late:
    rollover: {by: date, keep: 400d}
    hosts: [a, {port: 9200}]
    quiet: true
  to-hook: {type: webhook, what: [finals, dead_letters]}
`;

describe('the lake of a stream file', () => {
  it('is there without a word, with everything that the stream has, by date', () => {
    const definition = smallDefinition();
    expect(definition.sinks).toEqual([
      {
        name: 'lake',
        type: 'lake',
        where: null,
        feeds: ['events', 'finals', 'late', 'dead_letters'].map((feed) => ({
          ...{ feed, filter: null, columns: null, metrics: null },
        })),
        settings: { partitionBy: ['date'] },
        places: new Map([['', { line: 1, column: 1 }]]),
      },
    ]);
  });

  it('can be off', () => {
    expect(small('lake: off\n').sinks).toEqual([]);
  });

  it('is what its section says, and leaves settings to whoever knows them', () => {
    const lake = sink(small('lake:\n  where: s3://bucket/x\n  what: [events]\n  roll: {rows: 5, every: 1m}\n'), 'lake');
    expect(lake).toMatchObject({
      where: 's3://bucket/x',
      settings: { partitionBy: ['date'], roll: { rows: 5, every: '1m' } },
    });
    expect(lake?.feeds.map(({ feed }) => feed)).toEqual(['events']);
  });
});

describe('the sinks of a stream file', () => {
  const definition = small(SINKS);

  it('have their feeds, each whole or a part of it', () => {
    expect(definition.sinks?.map(({ name }) => name)).toEqual(['lake', 'search', 'to-hook']);
    const search = sink(definition, 'search');
    expect(search).toMatchObject({ type: 'opensearch', where: 'https://search:9200' });
    expect(search?.feeds).toMatchObject([
      { feed: 'finals', metrics: ['sales'], columns: ['window_start', 'total'], filter: { kind: 'not' } },
      { feed: 'events', metrics: null, columns: null, filter: { kind: 'logic' } },
      { feed: 'late', metrics: null, columns: null, filter: null },
    ]);
    expect(sink(definition, 'to-hook')?.feeds.map(({ feed }) => feed)).toEqual(['finals', 'dead_letters']);
  });

  it('have all other keys as settings, and where each stands', () => {
    const search = sink(definition, 'search');
    expect(search?.settings).toEqual({
      ...{ rollover: { by: 'date', keep: '400d' }, hosts: ['a', { port: 9200 }], quiet: true },
    });
    const before = smallStreamFile().split('\n').length - 1;
    const lines = [...(search?.places ?? [])].map(([name, { line }]) => `${name} ${line - before}`);
    expect(lines).toEqual([
      ...[' 2', 'where 4', 'what 6', 'rollover 9', 'rollover.by 9', 'rollover.keep 9'],
      ...['hosts 10', 'hosts.0 10', 'hosts.1 10', 'hosts.1.port 10', 'quiet 11'],
    ]);
    expect(search?.places.get('rollover.keep')?.column).toBe(32);
  });

  it('change nothing of what the stream is', () => {
    const hashes = ['', SINKS, 'lake: off\n', 'lake: {where: /x}\n'].map((sections) => small(sections).sha256);
    expect(new Set(hashes).size).toBe(1);
    const named = small(`${SINKS}topics: {sinkDeadLetters: refused}\n`);
    expect(named.sha256).toBe(hashes[0]);
  });

  it('have a topic for what they refuse, where one may refuse', () => {
    const namesOf = (sections: string) => topicSpecs(small(sections), 1).map(({ name }) => name);
    expect(namesOf(SINKS)).toContain('small.sink-dead-letters.v1');
    expect(namesOf('')).not.toContain('small.sink-dead-letters.v1');
    expect(namesOf('sinks: {out: {type: console, what: [finals]}}\n')).not.toContain('small.sink-dead-letters.v1');
  });
});
