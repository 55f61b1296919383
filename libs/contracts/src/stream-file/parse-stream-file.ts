import type { DedupeBounds, EventTimeSpec, StreamSchema } from '@tillstream/core';
import { currencyExponent } from '@tillstream/core';
import type { StreamTopics } from '../topics/topic-names';
import { TOPIC_ROLES, topicsOf } from '../topics/topic-names';
import type { Section, Value } from './document';
import { SourceDocument } from './document';
import { readAttribution } from './attribution-section';
import { derivedStreams } from './derived-streams';
import type { EventScope } from './event-roles';
import { readFields } from './field-section';
import type { DeclaredField } from './field-section';
import { definitionSha256 } from './identity';
import { metricScopes } from './metric-scope';
import { readMetrics } from './metric-section';
import type { StreamFileProblem } from './problem';
import { keepRows, readRetention } from './retention-section';
import { readSessions } from './sessions-section';
import { readSinks } from './sink-section';
import type { StreamDefinition } from './stream-definition';
import { unknownField } from './unknown-field';

const KEYS = [
  'stream',
  'generation',
  'partitions',
  'key',
  'id',
  'eventTime',
  'money',
  'topics',
  'retention',
  'fields',
  'sessions',
  'attribution',
  'metrics',
  'lake',
  'sinks',
] as const;
type StreamKey = (typeof KEYS)[number];

const DAY_MS = 86_400_000;
const MAX_PARTITIONS = 1024;
const MAX_GENERATION = 9_999;
const DEFAULT_DEDUPE: DedupeBounds = { withinMs: 600_000, maxRows: 1_048_576 };
const DEFAULT_FUTURE_TOLERANCE_MS = 300_000;
const DEFAULT_IDLE_AFTER_MS = 10_000;
/** ISO 4217 for "no currency". */
const NO_MONEY = { currency: 'XXX', exponent: 2 };

/** A stream file, or everything that is wrong with it. */
export type ParsedStreamFile =
  | { readonly ok: true; readonly definition: StreamDefinition }
  | { readonly ok: false; readonly problems: readonly StreamFileProblem[] };

/**
 * Reads a stream file. A file is taken as a whole or not at all; problems come in the order of the text, and all of them
 * at once.
 *
 * @param text YAML
 * @param source.file name of the file, for messages
 */
export function parseStreamFile(text: string, source: { readonly file: string }): ParsedStreamFile {
  const document = new SourceDocument(text);
  if (!document.isYaml) return { ok: false, problems: document.problems };
  const section = document.root().section(KEYS);
  const definition = section === null ? null : readDefinition(section, { text, ...source });
  const { problems } = document;
  return definition === null || problems.length > 0 ? { ok: false, problems } : { ok: true, definition };
}

/** Null: the fields could not be read, so that nothing can be said about names of fields. */
type FieldsByName = ReadonlyMap<string, DeclaredField> | null;

/** Everything that could be read; complete only if no problem was reported. Null where there are no fields to speak of. */
function readDefinition(
  section: Section<StreamKey>,
  source: Pick<StreamDefinition, 'file' | 'text'>,
): StreamDefinition | null {
  const stream = readStream(section);
  const partitions = section.require('partitions')?.integer(1, MAX_PARTITIONS) ?? 1;
  const money = readMoney(section);
  const generation = section.get('generation')?.integer(1, MAX_GENERATION) ?? 1;
  const topics = readTopics(section, stream, generation);
  const retention = readRetention(section.get('retention'));
  const declared = section.require('fields');
  const read = declared === null ? null : readFields(declared, money ?? NO_MONEY, section.get('money') !== null);
  const byName = read?.byName ?? null;
  const key = readKey(section, byName);
  const { id, dedupe } = readId(section, byName);
  const eventTime = readEventTime(section, byName);
  if (read === null) return null; // whatever metrics say would be about fields that nobody knows
  const schema: StreamSchema = {
    stream,
    partitions,
    key,
    id,
    dedupe,
    eventTime,
    money: money ?? NO_MONEY,
    fields: read.fields,
  };
  const events: EventScope = {
    fields: read.byName,
    money: schema.money,
    key: key.filter((name) => name !== ''), // '' stands for a wrong one
    outOfOrdernessMs: eventTime.outOfOrdernessMs,
  };
  const sessions = readOptional(section, 'sessions', (value) => readSessions(value, events));
  const attribution = readOptional(section, 'attribution', (value) => readAttribution(value, events));
  const sections = { ...(sessions && { sessions }), ...(attribution && { attribution }) };
  const kept = keepRows(retention, sessions, attribution);
  const scopes = metricScopes({ schema, retention: kept, ...sections }, read.byName);
  const metrics = readMetrics(section.get('metrics'), scopes, sectionsOf(section));
  const all = [...metrics.events, ...metrics.sessions, ...metrics.attributions];
  const parent: StreamDefinition = {
    schema,
    generation,
    metrics: metrics.events,
    ...sections,
    topics,
    retention: kept,
    sha256: definitionSha256(schema, all, topics, sections),
    ...source,
  };
  const derived = derivedStreams(parent, metrics);
  const whole = derived.length === 0 ? parent : { ...parent, derived };
  return { ...whole, sinks: readSinks(section.get('lake'), section.get('sinks'), whole) };
}

function readOptional<T>(
  section: Section<StreamKey>,
  key: 'sessions' | 'attribution',
  read: (value: Value) => T | null,
): T | undefined {
  const value = section.get(key);
  return value === null ? undefined : (read(value) ?? undefined);
}

/** Sections that are there, right or wrong. */
function sectionsOf(section: Section<StreamKey>): ReadonlySet<string> {
  return new Set(['sessions', 'attribution'].filter((key) => section.get(key as StreamKey) !== null));
}

function readStream(section: Section<StreamKey>): string {
  const value = section.require('stream');
  const text = value?.text() ?? null;
  if (text !== null && !/^[a-z][a-z0-9-]{0,63}$/.test(text)) {
    value?.problem(`"${text}" is not a stream's name: lower-case letters, digits and -, at most 64`);
  }
  return text ?? '';
}

function readMoney(section: Section<StreamKey>): StreamSchema['money'] | null {
  const value = section.get('money')?.section(['currency'])?.require('currency') ?? null;
  const currency = value?.text() ?? null;
  if (value === null || currency === null) return null;
  const exponent = currencyExponent(currency);
  if (exponent !== null) return { currency, exponent };
  const upper = currency.toUpperCase();
  const meant = currencyExponent(upper) !== null ? `: did you mean ${upper}?` : ', such as EUR, JPY or USD';
  return value.problem(`${currency} is not a currency code of ISO 4217${meant}`);
}

function readKey(section: Section<StreamKey>, fields: FieldsByName): readonly string[] {
  const value = section.require('key');
  const items = value?.list() ?? null;
  if (items?.length === 0) value?.problem('names at least one field');
  const key: string[] = [];
  for (const item of items ?? []) {
    const field = fieldNamed(item, fields);
    key.push(field?.name ?? '');
    if (field === null) continue;
    if (key.indexOf(field.name) < key.length - 1) item.problem(`${field.name} is given twice`);
    if (field.type !== null && field.type !== 'string' && field.type !== 'int') {
      item.problem(`a key is string or int, ${field.name} is ${field.type}`);
    }
    if (field.hasDefault) item.problem(`${field.name} has a default: a key must come with the event`);
  }
  return key;
}

function readId(section: Section<StreamKey>, fields: FieldsByName) {
  const id = section.get('id')?.section(['field', 'dedupe']) ?? null;
  const value = id?.require('field') ?? null;
  const field = value === null ? null : fieldNamed(value, fields);
  const type = field?.type ?? null;
  if (field !== null && type !== null && type !== 'string' && type !== 'int') {
    value?.problem(`an id is string or int, ${field.name} is ${type}`);
  }
  if (field?.hasDefault) value?.problem(`${field.name} has a default: an id must come with the event`);
  const bounds = id?.get('dedupe')?.section(['within', 'maxRows']) ?? null;
  const withinMs = bounds
    ?.get('within')
    ?.duration({ minMs: 1, maxMs: 7 * DAY_MS, otherwise: 'must be more than 0 and at most 7d' });
  const maxRows = bounds?.get('maxRows')?.integer(1, 16 * 1024 * 1024);
  const dedupe = { withinMs: withinMs ?? DEFAULT_DEDUPE.withinMs, maxRows: maxRows ?? DEFAULT_DEDUPE.maxRows };
  return { id: field?.name ?? null, dedupe };
}

function readEventTime(section: Section<StreamKey>, fields: FieldsByName): EventTimeSpec {
  const keys = ['field', 'zone', 'outOfOrderness', 'futureTolerance', 'idleAfter'] as const;
  const parts = section.require('eventTime')?.section(keys) ?? null;
  const value = parts?.require('field') ?? null;
  const field = value === null ? null : fieldNamed(value, fields);
  const type = field?.type ?? null;
  if (field !== null && type !== null && type !== 'timestamp') {
    value?.problem(`event time is a timestamp, ${field.name} is ${type}`);
  } else if (field?.optional) {
    value?.problem(`${field.name} is optional: an event without its time cannot be placed in a window`);
  }
  parts?.get('zone')?.oneOf(['UTC'], 'zone');
  const bound = { minMs: 0, maxMs: 31 * DAY_MS, otherwise: 'must be at most 31d' };
  const outOfOrdernessMs = parts?.require('outOfOrderness')?.duration(bound);
  const futureToleranceMs = parts?.get('futureTolerance')?.duration(bound);
  const idleAfterMs = parts
    ?.get('idleAfter')
    ?.duration({ minMs: 1000, maxMs: DAY_MS, otherwise: 'must be from 1s to 1d' });
  return {
    field: field?.name ?? '',
    outOfOrdernessMs: outOfOrdernessMs ?? 0,
    futureToleranceMs: futureToleranceMs ?? DEFAULT_FUTURE_TOLERANCE_MS,
    idleAfterMs: idleAfterMs ?? DEFAULT_IDLE_AFTER_MS,
  };
}

function readTopics(section: Section<StreamKey>, stream: string, generation: number): StreamTopics {
  const overrides = section.get('topics')?.section(TOPIC_ROLES) ?? null;
  const named: Partial<Record<(typeof TOPIC_ROLES)[number], string>> = {};
  const taken = new Map<string, string>();
  for (const role of TOPIC_ROLES) {
    const value = overrides?.get(role) ?? null;
    const name = value?.text() ?? null;
    if (value === null || name === null) continue;
    if (!/^[A-Za-z0-9._-]{1,249}$/.test(name) || /^\.{1,2}$/.test(name)) {
      value.problem(`"${name}" is not a topic's name: letters, digits, . _ and -, at most 249`);
    }
    const other = taken.get(name);
    if (other !== undefined) value.problem(`${name} is the topic for ${other} already`);
    taken.set(name, role);
    named[role] = name;
  }
  return topicsOf(stream, named, generation);
}

function fieldNamed(value: Value, fields: FieldsByName): DeclaredField | null {
  const name = value.text();
  if (name === null || fields === null) return null;
  return fields.get(name) ?? value.problem(unknownField(name, fields));
}
