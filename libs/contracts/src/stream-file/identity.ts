import { createHash } from 'node:crypto';
import { isFollowed } from '@tillstream/core';
import type {
  AlertDefinition,
  AttributionDefinition,
  FieldType,
  MetricDefinition,
  SessionsDefinition,
  StreamSchema,
} from '@tillstream/core';
import { rolesOf } from '../topics/topic-names';
import type { StreamTopics } from '../topics/topic-names';
import type { StreamDefinition } from './stream-definition';

/** All of a metric that decides its values. How often it is emitted does not, nor what comes of its results. */
export type MetricMeaning = Omit<MetricDefinition, 'identity' | 'emit' | 'local' | 'compare' | 'alert'>;

/** Sections that the meaning of a stream file may have beside its metrics. */
export type DeclaredSections = Pick<StreamDefinition, 'sessions' | 'attribution'>;

/**
 * `name@` and 8 hex digits: another definition, another identity. What belongs to the stream as a whole (its key, its
 * event time, its duplicates) is not part of it.
 *
 * @param from identity of the section whose rows are counted; null: events
 */
export function metricIdentity(
  meaning: MetricMeaning,
  groupTypes: readonly (FieldType | null)[],
  money: StreamSchema['money'],
  from: string | null = null,
): string {
  const { name, where, groupBy, window, outOfOrdernessMs, measures, having } = meaning;
  const counted = { name, where, groupBy, groupTypes, window, outOfOrdernessMs, measures, having, money };
  const hash = sha256(from === null ? counted : { ...counted, from });
  return `${name}@${hash.slice(0, 8)}`;
}

/** `sessions@` or `attribution@`, and 8 hex digits of all that decides what is told there. */
export function sectionIdentity(
  section: 'sessions' | 'attribution',
  meaning: Omit<SessionsDefinition, 'identity'> | Omit<AttributionDefinition, 'identity'>,
  money: StreamSchema['money'],
): string {
  return `${section}@${sha256({ section, ...meaning, money }).slice(0, 8)}`;
}

/** The metric's name, `@`, and 8 hex digits: what is alerted of another metric, or otherwise, is another alert. */
export function alertIdentity(
  { name, identity }: MetricDefinition,
  meaning: Omit<AlertDefinition, 'identity'>,
): string {
  return `${name}@${sha256({ identity, ...meaning }).slice(0, 8)}`;
}

/**
 * Hash of what a stream file means to the services: they must agree on it. Order of metrics, cadences and retention are
 * left out; order of fields is not, because it numbers them.
 *
 * @param metrics all of the file, whatever they are computed over
 */
export function definitionSha256(
  schema: StreamSchema,
  metrics: readonly MetricDefinition[],
  topics: StreamTopics,
  declared: DeclaredSections = {},
): string {
  const { stream, partitions, key, id, dedupe, eventTime, money, fields } = schema;
  const followed = metrics
    .filter(isFollowed)
    .map(({ identity, compare, alert }) => ({ identity, compare, alert: alert?.identity }))
    .sort((a, b) => byCodeUnits(a.identity, b.identity));
  return sha256({
    stream,
    partitions,
    key,
    id,
    dedupe,
    eventTime,
    money,
    fields,
    metrics: metrics.map(({ identity }) => identity).sort(byCodeUnits),
    topics: dataTopicsOf(topics, declared),
    ...(followed.length === 0 ? {} : { followed }),
    ...(declared.sessions && { sessions: declared.sessions.identity }),
    ...(declared.attribution && { attribution: declared.attribution.identity }),
  });
}

/** Where stream files, alerts and what sinks refuse are kept decides nothing about an event, nor does a topic that is not there. */
function dataTopicsOf(topics: StreamTopics, declared: DeclaredSections): Partial<StreamTopics> {
  const { sessions, attribution } = declared;
  const roles = rolesOf({ sessions, attribution }).filter((role) => role !== 'definitions' && role !== 'alerts');
  return Object.fromEntries(roles.map((role) => [role, topics[role]]));
}

function byCodeUnits(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function sha256(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex');
}

/** Do two parts of a stream file mean the same? */
export function isSameMeaning(a: unknown, b: unknown): boolean {
  return canonicalJson(a) === canonicalJson(b);
}

/** JSON with the keys of every object, map and set in order, so that it says what is meant and not how it was built. */
function canonicalJson(value: unknown): string {
  if (value instanceof Map) return canonicalJson([...value].sort(([a], [b]) => byCodeUnits(String(a), String(b))));
  if (value instanceof Set) return canonicalJson([...value].map(String).sort(byCodeUnits));
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const entries = Object.entries(value).sort(([a], [b]) => byCodeUnits(a, b));
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item)}`).join(',')}}`;
}
