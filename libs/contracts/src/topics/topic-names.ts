import { mayRefuse } from '../stream-file/sink-definition';
import type { SinkDefinition } from '../stream-file/sink-definition';

/**
 * What each of a stream's topics is for; `alerts` holds what metrics have alerted of, `gaps` the holes an operator has accepted,
 * `definitions` the stream files that were put live. `sessionRows` and `attributionRows` are `sessions` and `attributions` in
 * columns, for metrics over them, whose shares go through `sessionParts` and `attributionParts`. `sinkDeadLetters` holds the rows that
 * stores outside will never take.
 */
export const TOPIC_ROLES = [
  'raw',
  'enriched',
  'deadLetters',
  'late',
  'parts',
  'metrics',
  'alerts',
  'gaps',
  'definitions',
  'sessions',
  'sessionRows',
  'sessionParts',
  'attributions',
  'attributionRows',
  'attributionParts',
  'sinkDeadLetters',
] as const;
export type TopicRole = (typeof TOPIC_ROLES)[number];

/** Topics that are there for `sessions:` and for `attribution:` only. */
const ROLES_OF_SESSIONS: readonly TopicRole[] = ['sessions', 'sessionRows', 'sessionParts'];
const ROLES_OF_ATTRIBUTION: readonly TopicRole[] = ['attributions', 'attributionRows', 'attributionParts'];

/** What a stream declares that has topics of its own. */
export interface DeclaredTopics {
  readonly sessions?: unknown;
  readonly attribution?: unknown;
  readonly sinks?: readonly Pick<SinkDefinition, 'type'>[];
}

/** The topics that a stream has: some are there only for what it declares. */
export function rolesOf({ sessions, attribution, sinks }: DeclaredTopics): readonly TopicRole[] {
  return TOPIC_ROLES.filter(
    (role) =>
      (sessions !== undefined || !ROLES_OF_SESSIONS.includes(role)) &&
      (attribution !== undefined || !ROLES_OF_ATTRIBUTION.includes(role)) &&
      (role !== 'sinkDeadLetters' || sinks?.some(mayRefuse) === true),
  );
}

/** Names of a stream's topics. */
export type StreamTopics = Readonly<Record<TopicRole, string>>;

/**
 * Names of a stream's topics: `<stream>.<what>.v1` unless the stream file names another (an existing raw topic, say).
 * The `v1` is the topic generation: a stream with another partition count is a new one.
 */
export function topicsOf(stream: string, overrides: Partial<StreamTopics> = {}): StreamTopics {
  return {
    raw: overrides.raw ?? `${stream}.raw.v1`,
    enriched: overrides.enriched ?? `${stream}.enriched.v1`,
    deadLetters: overrides.deadLetters ?? `${stream}.dead-letters.v1`,
    late: overrides.late ?? `${stream}.late.v1`,
    parts: overrides.parts ?? `${stream}.parts.v1`,
    metrics: overrides.metrics ?? `${stream}.metrics.v1`,
    alerts: overrides.alerts ?? `${stream}.alerts.v1`,
    gaps: overrides.gaps ?? `${stream}.gaps.v1`,
    definitions: overrides.definitions ?? `${stream}.definitions.v1`,
    sessions: overrides.sessions ?? `${stream}.sessions.v1`,
    sessionRows: overrides.sessionRows ?? `${stream}.sessions-rows.v1`,
    sessionParts: overrides.sessionParts ?? `${stream}.sessions-parts.v1`,
    attributions: overrides.attributions ?? `${stream}.attributions.v1`,
    attributionRows: overrides.attributionRows ?? `${stream}.attributions-rows.v1`,
    attributionParts: overrides.attributionParts ?? `${stream}.attributions-parts.v1`,
    sinkDeadLetters: overrides.sinkDeadLetters ?? `${stream}.sink-dead-letters.v1`,
  };
}
