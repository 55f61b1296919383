import type { AttributionDefinition, Field, MetricDefinition, SessionsDefinition } from '@tillstream/core';
import { formatDuration } from '../stream-file/duration';
import { isSameMeaning } from '../stream-file/identity';
import type { SinkDefinition } from '../stream-file/sink-definition';
import type { DerivedOf, Retention, StreamDefinition } from '../stream-file/stream-definition';
import { sourceOf, streamsOf } from '../stream-file/stream-definition';
import type { TopicRole } from '../topics/topic-names';
import { rolesOf } from '../topics/topic-names';

/** A metric that is declared in another way. */
export interface ChangedMetric {
  readonly from: MetricDefinition;
  readonly to: MetricDefinition;
  /** What is different, as `window` or `measure total`. */
  readonly parts: readonly string[];
}

/** A section that is declared anew, in another way, or no more: sessions or attributions of another identity are others. */
export interface ChangedSection {
  readonly name: 'sessions' | 'attribution';
  /** Identity; null: it is not declared. */
  readonly from: string | null;
  readonly to: string | null;
  /** Of one that is declared in another way: what is different, as `gapMs`. */
  readonly parts: readonly string[];
}

/** A store outside that is declared anew, in another way, or no more. */
export interface ChangedSink {
  readonly name: string;
  readonly from: SinkDefinition | null;
  readonly to: SinkDefinition | null;
  /** Of one that is declared in another way: what is different, as `where`, `finals` or the name of a setting. */
  readonly parts: readonly string[];
}

/** What comes of putting one stream file live where another is. */
export interface DefinitionChange {
  /** Why it cannot be done; a sentence each. */
  readonly problems: readonly string[];
  readonly newFields: readonly Field[];
  readonly sections: readonly ChangedSection[];
  /** Of metrics, whatever they are computed over. */
  readonly newMetrics: readonly MetricDefinition[];
  /** Of one name, but with another meaning: another metric takes its place. */
  readonly changedMetrics: readonly ChangedMetric[];
  readonly removedMetrics: readonly MetricDefinition[];
  /** The same metrics, whose results are told or used in another way. */
  readonly retoldMetrics: readonly ChangedMetric[];
  readonly unchangedMetrics: readonly MetricDefinition[];
  /** How events are judged from there on; what it is called, and its values as a stream file has them. */
  readonly newSettings: readonly { readonly name: string; readonly from: string; readonly to: string }[];
  /** Topics that are to keep their records for another time. */
  readonly newRetention: readonly (keyof Retention)[];
  /** Stores outside, which each service takes from its own file. */
  readonly newSinks: readonly ChangedSink[];
}

/**
 * Compares the file that is live with one that shall be. Fields may be added behind the others, so that events and the batches
 * of them that stand in the log stay readable; metrics may come, go and change; what decides where an event goes and whether
 * it counts at all may not.
 */
export function changeOf(from: StreamDefinition, to: StreamDefinition): DefinitionChange {
  const [metricsBefore, metricsAfter] = [metricsOf(from), metricsOf(to)];
  const sections = [
    changedSection('sessions', from.sessions, to.sessions),
    changedSection('attribution', from.attribution, to.attribution),
  ];
  const before = new Map(metricsBefore.map((metric) => [metric.name, metric]));
  const names = new Set(metricsAfter.map(({ name }) => name));
  const pairs = metricsAfter.flatMap((metric) => {
    const old = before.get(metric.name);
    if (!old) return [];
    const parts = [
      ...differentSource(sourceOf(from, old), sourceOf(to, metric), sections),
      ...differentParts(old, metric),
    ];
    return [
      {
        from: old,
        to: metric,
        parts: parts.length === 0 && old.identity !== metric.identity ? ['order of measures'] : parts,
      },
    ];
  });
  const same = pairs.filter((pair) => pair.from.identity === pair.to.identity);
  return {
    problems: [...fixedProblems(from, to), ...fieldProblems(from, to)],
    newFields: to.schema.fields.slice(from.schema.fields.length),
    sections: sections.filter((section) => section.from !== section.to),
    newMetrics: metricsAfter.filter(({ name }) => !before.has(name)),
    changedMetrics: pairs.filter((pair) => pair.from.identity !== pair.to.identity),
    removedMetrics: metricsBefore.filter(({ name }) => !names.has(name)),
    retoldMetrics: same.filter(({ parts }) => parts.length > 0),
    unchangedMetrics: same.filter(({ parts }) => parts.length === 0).map((pair) => pair.to),
    newSettings: settingsOf(from).flatMap(({ name, value }, i) => {
      const wanted = settingsOf(to)[i]?.value ?? value;
      return wanted === value ? [] : [{ name, from: value, to: wanted }];
    }),
    newRetention: (Object.keys(to.retention) as (keyof Retention)[]).filter(
      (topic) => to.retention[topic] !== from.retention[topic],
    ),
    newSinks: changedSinks(from.sinks ?? [], to.sinks ?? []),
  };
}

/** Nothing is different but how the file is written. */
export function isNoChange(change: DefinitionChange): boolean {
  const { unchangedMetrics: _unchanged, ...changes } = change;
  return Object.values(changes).every(({ length }: { readonly length: number }) => length === 0);
}

function metricsOf(definition: StreamDefinition): readonly MetricDefinition[] {
  return streamsOf(definition).flatMap(({ metrics }) => metrics);
}

function changedSection(
  name: ChangedSection['name'],
  from: SessionsDefinition | AttributionDefinition | undefined,
  to: SessionsDefinition | AttributionDefinition | undefined,
): ChangedSection {
  const [was, is] = [new Map(Object.entries(from ?? {})), new Map(Object.entries(to ?? {}))];
  const parts = [...was.keys()].filter((key) => key !== 'identity' && !isSameMeaning(was.get(key), is.get(key)));
  return { name, from: from?.identity ?? null, to: to?.identity ?? null, parts: from && to ? parts : [] };
}

function changedSinks(before: readonly SinkDefinition[], after: readonly SinkDefinition[]): ChangedSink[] {
  const named = (sinks: readonly SinkDefinition[], name: string) => sinks.find((sink) => sink.name === name) ?? null;
  const names = new Set([...after, ...before].map(({ name }) => name));
  return [...names].flatMap((name) => {
    const [from, to] = [named(before, name), named(after, name)];
    const parts = from && to ? differentSinkParts(from, to) : [];
    return from && to && parts.length === 0 ? [] : [{ name, from, to, parts }];
  });
}

/** Where things stand in the file says nothing of a sink. */
function differentSinkParts(from: SinkDefinition, to: SinkDefinition): string[] {
  const partsOf = ({ type, where, feeds, settings }: SinkDefinition): ReadonlyMap<string, unknown> =>
    new Map<string, unknown>([
      ...([
        ['type', type],
        ['where', where],
      ] as const),
      ...feeds.map((feed): [string, unknown] => [feed.feed, feed]),
      ...Object.entries(settings),
    ]);
  const [was, is] = [partsOf(from), partsOf(to)];
  return [...new Set([...was.keys(), ...is.keys()])].filter((part) => !isSameMeaning(was.get(part), is.get(part)));
}

const SECTION_OF = { sessions: 'sessions', attributions: 'attribution' } as const;

/** What two declarations of a metric differ in because of what they are computed over. */
function differentSource(from: DerivedOf | null, to: DerivedOf | null, sections: readonly ChangedSection[]): string[] {
  if (from !== to) return ['from'];
  const section = to && sections.find(({ name }) => name === SECTION_OF[to]);
  return section && section.from !== section.to ? [section.name] : [];
}

/** What two declarations of a metric differ in. */
function differentParts(from: MetricDefinition, to: MetricDefinition): string[] {
  const { measures: _measures, name: _name, identity: _identity, local: _local, ...declared } = { ...from, ...to };
  const keys = Object.keys(declared) as (keyof typeof declared)[];
  const names = new Set([...from.measures, ...to.measures].map(({ name }) => name));
  const measureOf = ({ measures }: MetricDefinition, name: string): unknown =>
    measures.find((measure) => measure.name === name) ?? null;
  return [
    ...keys.filter((key) => !isSameMeaning(from[key], to[key])),
    ...[...names].flatMap((name) => {
      const [was, is] = [measureOf(from, name), measureOf(to, name)];
      if (isSameMeaning(was, is)) return [];
      return [was === null ? `new measure ${name}` : is === null ? `no measure ${name}` : `measure ${name}`];
    }),
  ];
}

const ANOTHER_STREAM = 'it cannot be changed while the stream has events: give the stream another name';

function fixedProblems(from: StreamDefinition, to: StreamDefinition): string[] {
  const known = rolesOf(from);
  const common = rolesOf(to).filter((role) => known.includes(role));
  const [a, b] = [fixedOf(from, common), fixedOf(to, common)];
  return Object.keys(b).flatMap((key) => {
    const [was, is] = [a[key], b[key]];
    return isSameMeaning(was, is) ? [] : [`\`${key}\` is ${inWords(was)}, not ${inWords(is)}: ${ANOTHER_STREAM}`];
  });
}

/** What decides where events go, and which of them count. */
function fixedOf(
  { schema, generation, topics }: StreamDefinition,
  roles: readonly TopicRole[],
): Readonly<Record<string, unknown>> {
  const { stream, partitions, key, id, dedupe, eventTime, money } = schema;
  return {
    stream,
    generation,
    partitions,
    key,
    'id.field': id,
    ...(id === null
      ? {}
      : { 'id.dedupe.within': formatDuration(dedupe.withinMs), 'id.dedupe.maxRows': dedupe.maxRows }),
    'eventTime.field': eventTime.field,
    money: money?.currency ?? null,
    ...Object.fromEntries(roles.map((role) => [`topics.${role}`, topics[role]])),
  };
}

function settingsOf({ schema: { eventTime } }: StreamDefinition): { readonly name: string; readonly value: string }[] {
  return [
    { name: 'eventTime.outOfOrderness', value: formatDuration(eventTime.outOfOrdernessMs) },
    { name: 'eventTime.futureTolerance', value: formatDuration(eventTime.futureToleranceMs) },
    { name: 'eventTime.idleAfter', value: formatDuration(eventTime.idleAfterMs) },
  ];
}

function fieldProblems(from: StreamDefinition, to: StreamDefinition): string[] {
  const [before, after] = [from.schema.fields, to.schema.fields];
  const kept = before.flatMap((field, i) => {
    const now = after.find(({ name }) => name === field.name);
    if (!now) return [`field \`${field.name}\` is missing: fields may only be added`];
    if (now.number !== field.number) {
      return [
        `field \`${field.name}\` is the ${ordinal(i + 1)} and would be the ${ordinal(now.number)}: add fields at the end`,
      ];
    }
    return isSameMeaning(field, now)
      ? []
      : [`field \`${field.name}\` is declared in another way: what is declared stays as it is; add another field`];
  });
  const required = after.slice(before.length).flatMap((field) => {
    const isKnown = before.some(({ name }) => name === field.name);
    const mayBeAbsent = field.optional || field.default !== null;
    return isKnown || mayBeAbsent
      ? []
      : [`field \`${field.name}\` is new and not \`optional: true\`: events that are under way do not have it`];
  });
  return [...kept, ...required];
}

function ordinal(number: number): string {
  const teens = number % 100 > 10 && number % 100 < 14;
  const ending = teens ? 'th' : (['th', 'st', 'nd', 'rd'][number % 10] ?? 'th');
  return `${number}${ending}`;
}

function inWords(value: unknown): string {
  if (value === null || value === undefined) return 'not there';
  if (Array.isArray(value)) return value.map(inWords).join(', ');
  return typeof value === 'string' ? value : JSON.stringify(value);
}
