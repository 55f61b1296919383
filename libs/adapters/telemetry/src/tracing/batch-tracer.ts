import { SpanKind } from '@opentelemetry/api';
import type { Attributes, SpanContext } from '@opentelemetry/api';
import type { BatchInfo, BatchTracer, ClosedInfo, FollowUpInfo, RecordHeaders } from '@tillstream/engine';
import { sampledContexts, sampledHeaders, withTraceContext } from './trace-context';
import { startSpan, withinSpan } from './work-span';

const MAX_PRODUCERS = 32;
const SLOW_MS = 5_000;

/**
 * Traces batches with one span each, by OpenTelemetry's conventions for messaging. Of those that are not sampled it tells such as
 * fail or take long. Costs next to nothing when tracing is off.
 *
 * @param group consumer group that the batches are read by; null: none
 * @param slowMs what takes longer is told, sampled or not
 */
export function createBatchTracer(group: string | null, slowMs = SLOW_MS): BatchTracer {
  return {
    batch: (info, run) => {
      const causes = sampledContexts(info.records, MAX_PRODUCERS);
      const attributes = attributesOf(info, group);
      const work = { name: `${info.name} ${info.topic}`, kind: SpanKind.CONSUMER, attributes, causes };
      return withinSpan(work, slowMs, (own) => run(withTraceContext({}, own)));
    },
    contextOf: ({ headers }) => sampledHeaders(headers),
    closed: (info, fedBy) => {
      const causes = contextsOf(fedBy);
      if (causes.length === 0) return {};
      const span = startSpan({
        name: `close ${info.metric}`,
        kind: SpanKind.PRODUCER,
        attributes: closedOf(info),
        causes,
      });
      span.end();
      return withTraceContext({}, span.spanContext());
    },
    followUp: (info, fedBy, run) => {
      const work = { name: `${info.name} ${info.sink}`, kind: SpanKind.CLIENT, attributes: followUpOf(info) };
      return withinSpan({ ...work, causes: contextsOf(fedBy) }, slowMs, run);
    },
  };
}

const contextsOf = (fedBy: readonly RecordHeaders[]): SpanContext[] =>
  sampledContexts(
    fedBy.map((headers) => ({ headers })),
    MAX_PRODUCERS,
  );

function attributesOf({ name, topic, partition, records }: BatchInfo, group: string | null): Attributes {
  return {
    'messaging.system': 'kafka',
    'messaging.operation.type': 'process',
    'messaging.operation.name': name,
    'messaging.destination.name': topic,
    'messaging.destination.partition.id': String(partition),
    ...(group !== null && { 'messaging.consumer.group.name': group }),
    'messaging.batch.message_count': records.length,
    ...(records.length === 0
      ? {}
      : {
          'tillstream.first_offset': records[0]!.offset,
          'tillstream.last_offset': records[records.length - 1]!.offset,
        }),
  };
}

function closedOf({ metric, topic, partition, startMs, endMs }: ClosedInfo): Attributes {
  return {
    'messaging.system': 'kafka',
    'messaging.operation.type': 'create',
    'messaging.operation.name': 'close',
    'messaging.destination.name': topic,
    'messaging.destination.partition.id': String(partition),
    'tillstream.metric': metric,
    ...(Number.isFinite(startMs) && { 'tillstream.window_start': instant(startMs) }),
    ...(Number.isFinite(endMs) && { 'tillstream.window_end': instant(endMs) }),
  };
}

function followUpOf({ name, topic, partition, sink, rows }: FollowUpInfo): Attributes {
  return {
    'tillstream.operation': name,
    'tillstream.sink': sink,
    'tillstream.rows': rows,
    'messaging.system': 'kafka',
    'messaging.destination.name': topic,
    'messaging.destination.partition.id': String(partition),
  };
}

/** A time beyond what dates can say, as text all the same: an event may bear any. */
function instant(ms: number): string {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? String(ms) : date.toISOString();
}
