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
 * The `v1` is the generation: topics with another partition count are a new one.
 */
export function topicsOf(stream: string, overrides: Partial<StreamTopics> = {}, generation = 1): StreamTopics {
  return {
    raw: overrides.raw ?? `${stream}.raw.v${generation}`,
    enriched: overrides.enriched ?? `${stream}.enriched.v${generation}`,
    deadLetters: overrides.deadLetters ?? `${stream}.dead-letters.v${generation}`,
    late: overrides.late ?? `${stream}.late.v${generation}`,
    parts: overrides.parts ?? `${stream}.parts.v${generation}`,
    metrics: overrides.metrics ?? `${stream}.metrics.v${generation}`,
    alerts: overrides.alerts ?? `${stream}.alerts.v${generation}`,
    gaps: overrides.gaps ?? `${stream}.gaps.v${generation}`,
    definitions: overrides.definitions ?? `${stream}.definitions.v${generation}`,
    sessions: overrides.sessions ?? `${stream}.sessions.v${generation}`,
    sessionRows: overrides.sessionRows ?? `${stream}.sessions-rows.v${generation}`,
    sessionParts: overrides.sessionParts ?? `${stream}.sessions-parts.v${generation}`,
    attributions: overrides.attributions ?? `${stream}.attributions.v${generation}`,
    attributionRows: overrides.attributionRows ?? `${stream}.attributions-rows.v${generation}`,
    attributionParts: overrides.attributionParts ?? `${stream}.attributions-parts.v${generation}`,
    sinkDeadLetters: overrides.sinkDeadLetters ?? `${stream}.sink-dead-letters.v${generation}`,
  };
}
