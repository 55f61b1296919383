import { MAX_SKETCHES, isSession, isTotal } from '@tillstream/core';
import type { EmitSpec, Expression, Measure, MetricDefinition } from '@tillstream/core';
import type { Section, Value } from './document';
import type { ScopeName } from './expression-scope';
import { fieldScope } from './field-section';
import { metricIdentity } from './identity';
import { measureName, readMeasure } from './measure';
import { refuseFields } from './metric-scope';
import type { MetricScope, MetricScopes } from './metric-scope';
import { refusedName } from './names';
import { readCondition } from './read-expression';
import { unknownField } from './unknown-field';
import { readAlert } from './alert-section';
import { readCompare } from './compare-section';
import { MAX_WINDOW_MS, readWindow } from './window-section';

const KEYS = [
  'from',
  'where',
  'groupBy',
  'window',
  'outOfOrderness',
  'measures',
  'having',
  'emit',
  'compare',
  'alert',
] as const;
type MetricKey = (typeof KEYS)[number];

const DEFAULT_EMIT: EmitSpec = { everyMs: 250, maxPerSecond: 2000 };
const MIN_EMIT_MS = 10;

const TOLD_AT_THE_END =
  'sessions are told when they are over, and not before: until then they may grow, and become one with others; leave it out';

const WAITS_FOR_NOTHING = 'a running total takes every event, however late, and is never final: leave it out';

const NO_LENGTH = 'a running total has no length that anything could be per second of: use count or sum';

const TOO_MANY_SKETCHES =
  `a metric keeps at most ${MAX_SKETCHES} of approx_distinct and percentile; percentiles of one field and condition are one: ` +
  'declare another metric';

/** Metrics by what they are computed over. */
export type MetricsBySource = Readonly<Record<keyof MetricScopes, readonly MetricDefinition[]>>;

const SECTION_OF = { sessions: 'sessions', attributions: 'attribution' } as const;

/**
 * Reads `metrics:`. Metrics with a mistake are left out, after all their mistakes have been reported.
 *
 * @param declared sections of the file, right or wrong
 */
export function readMetrics(
  metrics: Value | null,
  scopes: MetricScopes,
  declared: ReadonlySet<string>,
): MetricsBySource {
  const read: Record<keyof MetricScopes, MetricDefinition[]> = { events: [], sessions: [], attributions: [] };
  for (const { key, keyValue, value } of metrics?.entries() ?? []) {
    const refusal = refusedName(key);
    if (refusal !== null) keyValue.problem(refusal);
    const section = value.section(KEYS);
    if (section === null) continue;
    const source = readSource(section, declared);
    const scope = source === null ? null : scopes[source];
    const metric = scope === null ? null : readMetric(key, section, scope);
    if (source !== null && metric !== null) read[source].push(metric);
  }
  return read;
}

/** What the metric is computed over; null after a problem has been reported: then nothing can be said of its fields. */
function readSource(section: Section<MetricKey>, declared: ReadonlySet<string>): keyof MetricScopes | null {
  const value = section.get('from');
  if (value === null) return 'events';
  const source = value.oneOf(['sessions', 'attributions'], 'stream to count');
  if (source === null || declared.has(SECTION_OF[source])) return source;
  return value.problem(`there are none without a section \`${SECTION_OF[source]}\` in this file`);
}

function readMetric(name: string, section: Section<MetricKey>, scope: MetricScope): MetricDefinition | null {
  const { fields, money } = scope;
  const where = readCondition(section.get('where'), { what: 'field', names: fieldScope(fields), money });
  const groupBy = readGroupBy(section, scope);
  const local = scope.key !== null && groupBy.includes(scope.key);
  const window = readWindow(section.require('window'), { local, key: scope.key });
  const outOfOrdernessMs = section
    .get('outOfOrderness')
    ?.duration({ minMs: 0, maxMs: MAX_WINDOW_MS, otherwise: 'must be at most 31d' });
  const isOfAllTime = window !== null && isTotal(window);
  if (isOfAllTime) section.get('outOfOrderness')?.problem(WAITS_FOR_NOTHING);
  const { measures, names } = readMeasures(section, scope, local, isOfAllTime);
  const having = readHaving(section, names, scope);
  const emit = readEmit(section);
  if (window !== null && isSession(window)) section.get('emit')?.problem(TOLD_AT_THE_END);
  if (window === null) return null;

  const meaning = {
    name,
    where,
    groupBy,
    window,
    outOfOrdernessMs: isOfAllTime ? 0 : (outOfOrdernessMs ?? scope.outOfOrdernessMs),
    measures,
    having,
  };
  const groupTypes = groupBy.map((field) => fields.get(field)?.type ?? null);
  const compare = readCompare(section.get('compare'), meaning, scope.retentionMs);
  const identity = metricIdentity(meaning, groupTypes, money, scope.from);
  const metric = { ...meaning, identity, emit, local, ...(compare === null ? {} : { compare }) };
  const alert = readAlert(section.get('alert'), metric, names, scope);
  return alert === null ? metric : { ...metric, alert };
}

function readGroupBy(section: Section<MetricKey>, { fields }: MetricScope): readonly string[] {
  const groupBy: string[] = [];
  for (const item of section.get('groupBy')?.list() ?? []) {
    const name = item.text();
    if (name === null) continue;
    const field = fields.get(name);
    if (field === undefined) item.problem(unknownField(name, fields));
    else if (field.type === 'double')
      item.problem(`${name} is a double, and doubles that look equal may differ: use int or string`);
    else if (groupBy.includes(name)) item.problem(`${name} is given twice`);
    else groupBy.push(name);
  }
  return groupBy;
}

function readMeasures(section: Section<MetricKey>, scope: MetricScope, local: boolean, isOfAllTime: boolean) {
  const value = section.require('measures');
  const entries = value?.entries() ?? [];
  const all = entries.map(({ key }) => key);
  const measures: Measure[] = [];
  const names = new Map<string, ScopeName>();
  const sketches = new Set<string>();
  for (const { key: name, keyValue, value: text } of entries) {
    const refusal = refusedName(name);
    if (refusal !== null) keyValue.problem(refusal);
    const { fields, money, key } = scope;
    const measure = readMeasure(name, text, { fields, money, key, local, earlier: names, all });
    names.set(name, measure === null ? { type: null } : measureName(measure, money));
    if (measure !== null) measures.push(measure);
    if (measure?.kind === 'rate' && isOfAllTime) text.problem(NO_LENGTH);
    if (measure !== null && addSketch(measure, sketches)) text.problem(TOO_MANY_SKETCHES);
  }
  if (value?.isMap && entries.length === 0) value.problem('a metric has at least one measure');
  return { measures, names };
}

/** Notes the sketch that a measure keeps; true when it is the first that is too many. */
function addSketch(measure: Measure, sketches: Set<string>): boolean {
  if (measure.kind !== 'percentile' && measure.kind !== 'approx_distinct') return false;
  const { kind, field, where } = measure;
  const before = sketches.size;
  sketches.add(JSON.stringify([kind, field, where]));
  return before === MAX_SKETCHES && sketches.size > before;
}

function readHaving(
  section: Section<MetricKey>,
  names: ReadonlyMap<string, ScopeName>,
  { fields, money }: MetricScope,
): Expression | null {
  const refusing = refuseFields(names, fields, () => 'having tests measures; to leave rows out use where');
  return readCondition(section.get('having'), { what: 'measure', names: refusing, money });
}

function readEmit(section: Section<MetricKey>): EmitSpec {
  const emit = section.get('emit')?.section(['every', 'maxPerSecond']) ?? null;
  const everyMs = emit
    ?.get('every')
    ?.duration({ minMs: MIN_EMIT_MS, maxMs: 60_000, otherwise: `must be from ${MIN_EMIT_MS}ms to 1m` });
  const maxPerSecond = emit?.get('maxPerSecond')?.integer(1, 1_000_000);
  return {
    everyMs: everyMs ?? DEFAULT_EMIT.everyMs,
    maxPerSecond: maxPerSecond ?? DEFAULT_EMIT.maxPerSecond,
  };
}
