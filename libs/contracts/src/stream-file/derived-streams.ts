import { SESSION_FIELDS, attributionFields, declareFields } from '@tillstream/core';
import type { AttributionDefinition, Field, MetricDefinition, StreamSchema } from '@tillstream/core';
import type { DerivedOf, DerivedStream, StreamDefinition } from './stream-definition';

/** Metrics by what they are computed over. */
export type DerivedMetrics = Readonly<Record<DerivedOf, readonly MetricDefinition[]>>;

/** The rows of sessions as a stream: each hangs at the raw record that closed its session. */
export function sessionsSchema(parent: StreamSchema): StreamSchema {
  return derivedSchema(parent, 'sessions', 'ended', declareFields(SESSION_FIELDS));
}

/** The rows of attributions as a stream: each hangs at the raw record that decided its purchase. */
export function attributionsSchema(parent: StreamSchema, { on }: Pick<AttributionDefinition, 'on'>): StreamSchema {
  return derivedSchema(parent, 'attributions', 'purchased', declareFields(attributionFields(on)));
}

/** Rows come in the order of the raw log, none twice; none comes that is older than their watermark says. */
function derivedSchema(
  { stream, partitions, dedupe, eventTime, money }: StreamSchema,
  of: DerivedOf,
  timeField: string,
  fields: readonly Field[],
): StreamSchema {
  return {
    stream: `${stream}.${of}`,
    partitions,
    key: ['user'],
    id: null,
    dedupe,
    eventTime: { ...eventTime, field: timeField, outOfOrdernessMs: 0 },
    money,
    fields,
  };
}

/** The streams that are computed from this one: a stream for each section that it declares. */
export function derivedStreams(parent: StreamDefinition, metrics: DerivedMetrics): readonly DerivedStream[] {
  const { schema, generation, sessions, attribution, topics, retention, sha256, file, text } = parent;
  const common = { generation, retention, sha256, file, text };
  const streams: DerivedStream[] = [];
  if (sessions !== undefined) {
    const ownTopics = { ...topics, enriched: topics.sessionRows, parts: topics.sessionParts };
    const own = { schema: sessionsSchema(schema), metrics: metrics.sessions, topics: ownTopics };
    streams.push({ of: 'sessions', definition: { ...own, ...common } });
  }
  if (attribution !== undefined) {
    const ownTopics = { ...topics, enriched: topics.attributionRows, parts: topics.attributionParts };
    const own = {
      schema: attributionsSchema(schema, attribution),
      metrics: metrics.attributions,
      topics: ownTopics,
    };
    streams.push({ of: 'attributions', definition: { ...own, ...common } });
  }
  return streams;
}
