import type { StreamSchema } from '@tillstream/core';
import { attributionsSchema, sessionsSchema } from './derived-streams';
import type { ScopeName } from './expression-scope';
import { declaredFields } from './field-section';
import type { DeclaredField } from './field-section';
import type { StreamDefinition } from './stream-definition';

/** What a metric may rely on. */
export interface MetricScope {
  readonly fields: ReadonlyMap<string, DeclaredField>;
  readonly money: StreamSchema['money'];
  /** The stream's first key field; null where the key is wrong. */
  readonly key: string | null;
  /** The stream's outOfOrderness, for metrics that do not say their own. */
  readonly outOfOrdernessMs: number;
  /** Identity of the section whose rows are counted; null: events. */
  readonly from: string | null;
  /** How long results are kept: with what is older than that nothing can be compared. */
  readonly retentionMs: number;
}

/** What metrics are computed over, and what they may rely on there; null: the file does not declare it, or not rightly. */
export interface MetricScopes {
  readonly events: MetricScope;
  readonly sessions: MetricScope | null;
  readonly attributions: MetricScope | null;
}

/** @param fields those of events, as they are declared */
export function metricScopes(
  {
    schema,
    retention,
    sessions,
    attribution,
  }: Pick<StreamDefinition, 'schema' | 'retention' | 'sessions' | 'attribution'>,
  fields: MetricScope['fields'],
): MetricScopes {
  const scopeOf = ({ money, key, eventTime }: StreamSchema, from: string | null): MetricScope => ({
    fields,
    money,
    key: key[0] || null, // '' stands for a wrong one
    outOfOrdernessMs: eventTime.outOfOrdernessMs,
    from,
    retentionMs: retention.metricsMs,
  });
  const derivedScope = (derived: StreamSchema, from: string): MetricScope => ({
    ...scopeOf(derived, from),
    fields: declaredFields(derived.fields),
  });
  return {
    events: scopeOf(schema, null),
    sessions: sessions ? derivedScope(sessionsSchema(schema), sessions.identity) : null,
    attributions: attribution ? derivedScope(attributionsSchema(schema, attribution), attribution.identity) : null,
  };
}

/** The names of measures, and of the fields with what is said to who uses one in an expression over measures. */
export function refuseFields(
  measures: ReadonlyMap<string, ScopeName>,
  fields: MetricScope['fields'],
  why: (field: string) => string,
): ReadonlyMap<string, ScopeName> {
  const names = new Map(measures);
  for (const field of fields.keys()) {
    if (!names.has(field)) names.set(field, { type: null, refused: `${field} is a field: ${why(field)}` });
  }
  return names;
}
