import { SESSION_FIELDS, attributionFields, isTotal } from '@tillstream/core';
import type { StreamDefinition } from '../stream-file/stream-definition';
import { streamsOf } from '../stream-file/stream-definition';
import type { TopicRole } from '../topics/topic-names';
import { FEEDS } from './feed';
import type { Feed, FeedColumn, FeedTable } from './feed';
import { UNDECLARED_FINAL_COLUMNS, finalColumns } from './final-columns';
import { withUniqueNames } from './unique-names';

/** The topic that each feed is read from. */
export const FEED_ROLES: Readonly<Record<Feed, TopicRole>> = {
  events: 'enriched',
  finals: 'metrics',
  sessions: 'sessions',
  attributions: 'attributions',
  late: 'late',
  dead_letters: 'deadLetters',
};

/** What events have beside their fields: where they stand in the raw log. */
export const EVENT_COLUMNS: readonly FeedColumn[] = [
  { name: '_partition', type: 'int' },
  { name: '_offset', type: 'int' },
  { name: '_index', type: 'int' },
  { name: '_append_time', type: 'timestamp' },
];

/** Behind the fields that metrics over sessions are computed over: what is no value of one field. */
const MORE_OF_SESSIONS: readonly FeedColumn[] = [
  { name: 'steps', type: 'strings' },
  { name: 'client_session_ids', type: 'strings' },
  { name: 'cart', type: 'json' },
  { name: 'definition', type: 'string' },
  { name: 'closed_by', type: 'int' },
];

const MORE_OF_ATTRIBUTIONS: readonly FeedColumn[] = [
  { name: 'definition', type: 'string' },
  { name: 'decided_by', type: 'int' },
];

const LATE_COLUMNS: readonly FeedColumn[] = [
  { name: 'metric', type: 'string' },
  { name: 'definition', type: 'string' },
  { name: 'event_time', type: 'timestamp' },
  { name: 'missed', type: 'strings' },
  { name: 'lateness_ms', type: 'int' },
  { name: 'source_partition', type: 'int' },
  { name: 'source_offset', type: 'int' },
  { name: 'source_index', type: 'int' },
  { name: 'row', type: 'json' },
];

const DEAD_LETTER_COLUMNS: readonly FeedColumn[] = [
  { name: 'code', type: 'string' },
  { name: 'path', type: 'string' },
  { name: 'message', type: 'string' },
  { name: 'append_time', type: 'timestamp' },
  { name: 'source_topic', type: 'string' },
  { name: 'source_partition', type: 'int' },
  { name: 'source_offset', type: 'int' },
  { name: 'source_index', type: 'int' },
  { name: 'size', type: 'int' },
  { name: 'body', type: 'bytes' },
];

/** The feeds that a stream has: sessions and attributions only where they are declared. */
export function feedsOf({
  sessions,
  attribution,
}: Pick<StreamDefinition, 'sessions' | 'attribution'>): readonly Feed[] {
  return FEEDS.filter(
    (feed) => (feed !== 'sessions' || sessions !== undefined) && (feed !== 'attributions' || attribution !== undefined),
  );
}

/** The tables of a feed, as a stream file declares it: of finals one a metric, of the others one; none of a feed it does not have. */
export function feedTables(definition: StreamDefinition, feed: Feed): readonly FeedTable[] {
  if (!feedsOf(definition).includes(feed)) return [];
  if (feed === 'finals') return finalTables(definition);
  return [{ feed, name: feed, metric: null, columns: withUniqueNames(columnsOf(definition, feed)) }];
}

/** Running totals have no finals. */
function finalTables(definition: StreamDefinition): readonly FeedTable[] {
  const declared = streamsOf(definition).flatMap(({ metrics, schema }) =>
    metrics
      .filter(({ window }) => !isTotal(window))
      .map((metric): FeedTable => {
        const { identity, name } = metric;
        return { feed: 'finals', name: identity, metric: name, columns: finalColumns(metric, schema) };
      }),
  );
  return [...declared, { feed: 'finals', name: 'finals', metric: null, columns: UNDECLARED_FINAL_COLUMNS }];
}

function columnsOf({ schema, attribution }: StreamDefinition, feed: Exclude<Feed, 'finals'>): readonly FeedColumn[] {
  switch (feed) {
    case 'events': {
      const own = schema.fields.map(({ name, type, number }): FeedColumn => {
        return { name, type, of: { kind: 'field', name, number } };
      });
      return [...EVENT_COLUMNS, ...own];
    }
    case 'sessions':
      return [...plain(SESSION_FIELDS), ...MORE_OF_SESSIONS];
    case 'attributions':
      // The fields of `on` stand behind those of all streams: they alone change with the declaration.
      return [...plain(attributionFields([])), ...MORE_OF_ATTRIBUTIONS, ...onColumns(attribution?.on ?? [])];
    case 'late':
      return LATE_COLUMNS;
    case 'dead_letters':
      return DEAD_LETTER_COLUMNS;
  }
}

/** Columns of the fields that attribution demands views and purchases to agree in, but for those that have one already. */
function onColumns(on: readonly string[]): readonly FeedColumn[] {
  const known = attributionFields([]).length;
  return plain(attributionFields(on).slice(known));
}

function plain(fields: readonly FeedColumn[]): readonly FeedColumn[] {
  return fields.map(({ name, type }) => ({ name, type }));
}
