/**
 * What each of a stream's topics is for; `alerts` holds what metrics have alerted of, `gaps` the holes an operator has accepted,
 * `definitions` the stream files that were put live.
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
] as const;
export type TopicRole = (typeof TOPIC_ROLES)[number];

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
  };
}
