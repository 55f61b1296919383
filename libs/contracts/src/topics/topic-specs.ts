import {
  MAX_DEAD_LETTER_BYTES,
  MAX_EVENT_BYTES,
  MAX_LATE_RECORD_BYTES,
  MAX_RAW_RECORD_BYTES,
  MAX_ROWS_BATCH_BYTES,
} from '../bounds';
import type { StreamDefinition } from '../stream-file/stream-definition';
import type { TopicRole } from './topic-names';
import { rolesOf } from './topic-names';

/** A topic as it must be. */
export interface TopicSpec {
  readonly role: TopicRole;
  readonly name: string;
  readonly partitions: number;
  readonly replicationFactor: number;
  /** Topic settings to create it with. */
  readonly configs: Readonly<Record<string, string>>;
}

/** Room for keys, headers and the framing of a record batch around one largest value. */
const FRAMING_BYTES = 64 * 1024;
const RAW_MESSAGE_BYTES = MAX_RAW_RECORD_BYTES + FRAMING_BYTES;

/**
 * A stream's topics with the settings that exactly-once rests on.
 *
 * - `raw` is stamped by the broker (LogAppendTime): event-time decisions use append times, which no producer may forge.
 * - `enriched` keeps what the enricher stamps (CreateTime): the running maximum of the append times of the range, so
 *   that a position can be found by raw append time. A batch may be twice as large as the raw records it was made of.
 * - `metrics` is compacted, and records older than the query retention are deleted; short segments, because neither
 *   ever touches the segment being written.
 * - `sessions` and `attributions` are as `metrics` is, `sessionRows` and `attributionRows` as `enriched`, their parts as `parts`;
 *   a stream that does not declare them has none of these.
 * - `alerts` is as `metrics` is, in one partition: whoever decides about alerts reads it first, for it is their state.
 * - `gaps` is compacted and kept for ever: a forgotten gap would stop a partition again. `definitions` is too: rows are
 *   read under the file that was in force when they came.
 * - `sinkDeadLetters` is there only for sinks that may refuse rows, and keeps these as long as other dead letters.
 * - Nowhere may a replica that missed acknowledged records become leader; where there are three replicas, two must have
 *   a record before it is acknowledged.
 *
 * @param replicationFactor copies of each partition, as many as the cluster allows up to three
 */
export function topicSpecs(definition: StreamDefinition, replicationFactor: number): readonly TopicSpec[] {
  const { topics, retention, schema } = definition;
  const common = {
    'min.insync.replicas': replicationFactor >= 3 ? '2' : '1',
    'unclean.leader.election.enable': 'false',
    'compression.type': 'producer',
  };
  const spec = (
    role: TopicRole,
    configs: Readonly<Record<string, string>>,
    partitions = schema.partitions,
  ): TopicSpec => ({ role, name: topics[role], partitions, replicationFactor, configs: { ...common, ...configs } });

  const stampedByBroker = { 'message.timestamp.type': 'LogAppendTime' };
  const kept = (ms: number) => ({ 'cleanup.policy': 'delete', 'retention.ms': String(ms), 'retention.bytes': '-1' });
  const upTo = (bytes: number) => ({ 'max.message.bytes': String(bytes) });

  const batches = {
    'message.timestamp.type': 'CreateTime',
    ...kept(retention.enrichedMs),
    ...upTo(2 * RAW_MESSAGE_BYTES + FRAMING_BYTES),
  };
  // However few raw records there are, all sessions may be over with one of them.
  const rows = { ...batches, ...upTo(MAX_ROWS_BATCH_BYTES + FRAMING_BYTES) };
  const parts = { ...stampedByBroker, ...kept(retention.partsMs), ...upTo(2 * RAW_MESSAGE_BYTES) };
  const results = (ms: number) => ({
    ...stampedByBroker,
    ...kept(ms),
    'cleanup.policy': 'compact,delete',
    ...upTo(2 * RAW_MESSAGE_BYTES),
  });
  const shortSegments = { 'segment.ms': String(10 * 60 * 1000) };
  const forEver = { ...stampedByBroker, 'cleanup.policy': 'compact', ...upTo(RAW_MESSAGE_BYTES) };

  const specs: Readonly<Record<TopicRole, TopicSpec>> = {
    raw: spec('raw', { ...stampedByBroker, ...kept(retention.rawMs), ...upTo(RAW_MESSAGE_BYTES) }),
    enriched: spec('enriched', batches),
    deadLetters: spec('deadLetters', {
      ...stampedByBroker,
      ...kept(retention.deadLettersMs),
      ...upTo(MAX_DEAD_LETTER_BYTES + FRAMING_BYTES),
    }),
    late: spec('late', {
      ...stampedByBroker,
      ...kept(retention.lateMs),
      ...upTo(MAX_LATE_RECORD_BYTES + MAX_EVENT_BYTES + FRAMING_BYTES),
    }),
    parts: spec('parts', parts),
    metrics: spec('metrics', { ...results(retention.metricsMs), ...shortSegments }),
    alerts: spec('alerts', results(retention.alertsMs), 1),
    gaps: spec('gaps', forEver, 1),
    definitions: spec('definitions', forEver, 1),
    sessions: spec('sessions', results(retention.sessionsMs)),
    sessionRows: spec('sessionRows', rows),
    sessionParts: spec('sessionParts', parts),
    attributions: spec('attributions', results(retention.attributionsMs)),
    attributionRows: spec('attributionRows', rows),
    attributionParts: spec('attributionParts', parts),
    sinkDeadLetters: spec('sinkDeadLetters', {
      ...stampedByBroker,
      ...kept(retention.deadLettersMs),
      ...upTo(2 * RAW_MESSAGE_BYTES + FRAMING_BYTES),
    }),
  };
  return rolesOf(definition).map((role) => specs[role]);
}
