import type { AttributionDefinition, MetricDefinition, SessionsDefinition, StreamSchema } from '@tillstream/core';
import type { StreamTopics } from '../topics/topic-names';
import type { SinkDefinition } from './sink-definition';

/** How long each topic keeps its records. `metricsMs` is also how far back queries can ask. */
export interface Retention {
  readonly rawMs: number;
  readonly enrichedMs: number;
  readonly metricsMs: number;
  readonly partsMs: number;
  readonly lateMs: number;
  readonly deadLettersMs: number;
  readonly alertsMs: number;
  readonly sessionsMs: number;
  readonly attributionsMs: number;
}

/** What a stream's events are made into before metrics are computed over it. */
export type DerivedOf = 'sessions' | 'attributions';

/**
 * A stream that is computed from another one, row by row, and that metrics are computed over as over events. Its definition
 * is an ordinary one: its schema's fields are those of the rows, its metrics those that are declared `from` it; its topics are
 * the parent's, but for `enriched` (the rows, in batches of the parent's raw ranges) and `parts`. Its sha256 is the parent's.
 */
export interface DerivedStream {
  readonly of: DerivedOf;
  readonly definition: StreamDefinition;
}

/** A stream file after validation. */
export interface StreamDefinition {
  readonly schema: StreamSchema;
  /** Of its topics, from 1 on: another number of partitions makes another one. */
  readonly generation: number;
  /** Those over events; others are in `derived`. */
  readonly metrics: readonly MetricDefinition[];
  /** Absent: nobody is interested in sessions. */
  readonly sessions?: SessionsDefinition;
  readonly attribution?: AttributionDefinition;
  /** One for `sessions` and one for `attribution`, where these are declared; never any in a derived definition. */
  readonly derived?: readonly DerivedStream[];
  /** Stores outside; never any in a derived definition. */
  readonly sinks?: readonly SinkDefinition[];
  readonly topics: StreamTopics;
  readonly retention: Retention;
  /** Hex, over what the file means: white space, comments, order of keys, cadences and retention do not change it. */
  readonly sha256: string;
  /** The file it was read from, for messages. */
  readonly file: string;
  /** What stands in it. */
  readonly text: string;
}

/**
 * The stream's name, as far as what is kept of it outside its topics is concerned: checkpoints, group offsets, stores. What one
 * generation has kept says nothing to another one, since offsets and partitions are others.
 */
export function keptName({ schema, generation }: Pick<StreamDefinition, 'schema' | 'generation'>): string {
  return generation === 1 ? schema.stream : `${schema.stream}.v${generation}`;
}

/** Where the lake of a stream is below a directory or bucket that was named: later generations have one of their own. */
export function lakeBelow(where: string, { generation }: Pick<StreamDefinition, 'generation'>): string {
  return generation === 1 ? where : `${where.replace(/\/+$/, '')}/v${generation}`;
}

/** The stream itself and those that are derived from it: each is aggregated by tasks of its own. */
export function streamsOf(definition: StreamDefinition): readonly StreamDefinition[] {
  return [definition, ...(definition.derived ?? []).map((stream) => stream.definition)];
}

/** What a metric of a stream file is computed over; null: events. */
export function sourceOf(
  definition: StreamDefinition,
  { identity }: Pick<MetricDefinition, 'identity'>,
): DerivedOf | null {
  const isOver = ({ definition: { metrics } }: DerivedStream): boolean =>
    metrics.some((metric) => metric.identity === identity);
  return definition.derived?.find(isOver)?.of ?? null;
}

/** What a derived stream is computed of; null for the events themselves. */
export function derivedOf({ topics }: Pick<StreamDefinition, 'topics'>): DerivedOf | null {
  if (topics.enriched === topics.sessionRows) return 'sessions';
  return topics.enriched === topics.attributionRows ? 'attributions' : null;
}

/**
 * A stream file as those see it who work on one of its streams.
 *
 * @param stream a definition of that stream, of this file or another of the same name
 * @returns without metrics, where the file does not derive such a stream
 */
export function seenFrom(stream: StreamDefinition, definition: StreamDefinition): StreamDefinition {
  const { sha256, file, text } = definition;
  const found = streamsOf(definition).find(({ schema }) => schema.stream === stream.schema.stream);
  return found ?? { ...stream, metrics: [], sha256, file, text };
}
