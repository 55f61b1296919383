import type { ExpressionType } from '@tillstream/core';
import { isTotal } from '@tillstream/core';
import type { Feed } from '../feeds/feed';
import { FEEDS } from '../feeds/feed';
import { feedTables, feedsOf } from '../feeds/feed-tables';
import { FINAL_COLUMNS } from '../feeds/final-columns';
import type { Section, Value } from './document';
import type { ScopeName } from './expression-scope';
import { declaredFields, fieldScope } from './field-section';
import { didYouMean } from './nearest-name';
import { readCondition } from './read-expression';
import type { SinkDefinition, SinkFeed } from './sink-definition';
import type { StreamDefinition } from './stream-definition';
import { streamsOf } from './stream-definition';

const KEYS = ['filter', 'columns', 'metrics'] as const;
type FeedKey = (typeof KEYS)[number];

const SECTION_OF: Readonly<Partial<Record<Feed, string>>> = { sessions: 'sessions', attributions: 'attribution' };

/** All of a feed. */
export function wholeFeed(feed: Feed): SinkFeed {
  return { feed, filter: null, columns: null, metrics: null };
}

/**
 * Reads `what: [finals, sessions]`, or a map that says which part of each. Problems are reported.
 *
 * @param definition of the stream, but for its sinks
 */
export function readSinkFeeds(
  what: Value,
  definition: StreamDefinition,
  type: SinkDefinition['type'] | null,
): readonly SinkFeed[] {
  if (!what.isMap) {
    const read: SinkFeed[] = [];
    for (const item of what.list() ?? []) {
      const feed = readFeed(item, item, definition);
      if (feed === null) continue;
      if (read.some((other) => other.feed === feed)) item.problem(`${feed} is given twice`);
      else read.push(wholeFeed(feed));
    }
    if (what.isList && what.list()?.length === 0) what.problem(NOTHING);
    return read;
  }
  const entries = what.entries() ?? [];
  if (entries.length === 0) what.problem(NOTHING);
  return entries.flatMap(({ keyValue, value }): SinkFeed | [] => {
    const feed = readFeed(keyValue, keyValue, definition);
    if (feed === null) return [];
    if (value.isNothing) return wholeFeed(feed);
    const section = value.section(KEYS);
    return section === null ? [] : readPart(feed, section, definition, type);
  });
}

const NOTHING = `names at least one of ${FEEDS.join(', ')}`;

function readFeed(name: Value, at: Value, definition: StreamDefinition): Feed | null {
  const feed = name.oneOf(FEEDS, 'feed');
  if (feed === null || feedsOf(definition).includes(feed)) return feed;
  return at.problem(`there are none without a section \`${SECTION_OF[feed]}\` in this file`);
}

function readPart(
  feed: Feed,
  section: Section<FeedKey>,
  definition: StreamDefinition,
  type: SinkDefinition['type'] | null,
): SinkFeed {
  if (type === 'lake') refuseInLake(feed, section);
  const names =
    feed === 'events' ? fieldScope(declaredFields(definition.schema.fields)) : columnScope(feed, definition);
  const scope = { what: feed === 'events' ? 'field' : 'column', names, money: definition.schema.money };
  return {
    feed,
    filter: readCondition(section.get('filter'), scope),
    columns: readColumns(section.get('columns'), feed, definition),
    metrics: readMetricNames(section.get('metrics'), feed, definition),
  };
}

/** History is answered from the lake, and an emptied view is filled from it. */
function refuseInLake(feed: Feed, section: Section<FeedKey>): void {
  section.get('columns')?.problem('the lake has all columns: history is read from it');
  if (feed === 'events') return;
  const instead = feed === 'finals' ? '; write metrics to have those of some metrics' : '';
  section.get('filter')?.problem(`the lake has all ${feed} or none: history is read from it${instead}`);
}

/** Columns of the feed's rows that expressions can use; of finals those that all metrics have. */
function columnScope(feed: Feed, definition: StreamDefinition): ReadonlyMap<string, ScopeName> {
  const [table] = feedTables(definition, feed);
  const columns = feed === 'finals' ? FINAL_COLUMNS : (table?.columns ?? []);
  return new Map(
    columns.map(({ name, type }): [string, ScopeName] => {
      if (isExpressionType(type)) return [name, { type }];
      return [name, { type: null, refused: `${name} is ${type}, which expressions cannot use` }];
    }),
  );
}

function isExpressionType(type: string): type is ExpressionType {
  return ['string', 'int', 'double', 'money', 'bool', 'timestamp'].includes(type);
}

function readColumns(value: Value | null, feed: Feed, definition: StreamDefinition): readonly string[] | null {
  if (value === null) return null;
  const known = new Set(feedTables(definition, feed).flatMap(({ columns }) => columns.map(({ name }) => name)));
  return readNames(value, known, (name) => `${feed} have no column ${name}: ${didYouMean(name, known)}`);
}

function readMetricNames(value: Value | null, feed: Feed, definition: StreamDefinition): readonly string[] | null {
  if (value === null) return null;
  if (feed !== 'finals') return value.problem('only finals are of metrics');
  const metrics = streamsOf(definition).flatMap((stream) => stream.metrics);
  const totals = new Set(metrics.filter(({ window }) => isTotal(window)).map(({ name }) => name));
  const known = new Set(metrics.map(({ name }) => name).filter((name) => !totals.has(name)));
  return readNames(value, known, (name) =>
    totals.has(name)
      ? `${name} is a running total, which has no final results`
      : `there is no metric ${name}: ${didYouMean(name, known)}`,
  );
}

function readNames(value: Value, known: ReadonlySet<string>, unknown: (name: string) => string): readonly string[] {
  const names: string[] = [];
  const items = value.list();
  for (const item of items ?? []) {
    const name = item.text();
    if (name === null) continue;
    if (!known.has(name)) item.problem(unknown(name));
    else if (names.includes(name)) item.problem(`${name} is given twice`);
    else names.push(name);
  }
  if (items?.length === 0) value.problem('names at least one');
  return names;
}
