import { context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { Attributes, SpanContext } from '@opentelemetry/api';
import type { BatchInfo, BatchTracer, ClosedInfo, FollowUpInfo, RecordHeaders } from '@tillstream/engine';
import { keepSpan } from './kept-spans';
import { sampledContexts, sampledHeaders, withTraceContext } from './trace-context';

const TRACER = 'tillstream';
const MAX_PRODUCERS = 32;
const SLOW_MS = 5_000;
/** Codes of TaskRenewalError and SourceRevokedError. */
const IN_ORDER: ReadonlySet<unknown> = new Set(['TASK_RENEWAL', 'SOURCE_REVOKED']);

/** A span that is to be. */
interface Work {
  readonly name: string;
  readonly kind: SpanKind;
  readonly attributes: Attributes;
  /** What it comes of. It goes on with the trace of the first. */
  readonly causes: readonly SpanContext[];
}

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
      return within({ name: `${info.name} ${info.topic}`, kind: SpanKind.CONSUMER, attributes, causes }, slowMs, run);
    },
    contextOf: ({ headers }) => sampledHeaders(headers),
    closed: (info, fedBy) => {
      const causes = contextsOf(fedBy);
      if (causes.length === 0) return {};
      const span = start({ name: `close ${info.metric}`, kind: SpanKind.PRODUCER, attributes: closedOf(info), causes });
      span.end();
      return withTraceContext({}, span.spanContext());
    },
    followUp: (info, fedBy, run) => {
      const work = { name: `${info.name} ${info.sink}`, kind: SpanKind.CLIENT, attributes: followUpOf(info) };
      return within({ ...work, causes: contextsOf(fedBy) }, slowMs, run);
    },
  };
}

async function within<T>(work: Work, slowMs: number, run: (headers: RecordHeaders) => Promise<T>): Promise<T> {
  const startedMs = performance.now();
  const span = start(work);
  const isSampled = span.isRecording();
  const spanContext = span.spanContext();
  try {
    const headers = withTraceContext({}, spanContext);
    const result = await context.with(trace.setSpan(context.active(), span), () => run(headers));
    if (!isSampled && performance.now() - startedMs >= slowMs) keepSpan({ ...work, context: spanContext, startedMs });
    return result;
  } catch (error) {
    if (!isEndInOrder(error)) {
      span.recordException(error instanceof Error ? error : String(error));
      span.setStatus({ code: SpanStatusCode.ERROR });
      if (!isSampled) keepSpan({ ...work, context: spanContext, startedMs, error });
    }
    throw error;
  } finally {
    span.end();
  }
}

function start({ name, kind, attributes, causes: [first, ...others] }: Work) {
  const parent = first === undefined ? context.active() : trace.setSpanContext(context.active(), first);
  const links = others.map((other) => ({ context: other }));
  return trace.getTracer(TRACER).startSpan(name, { kind, attributes, links }, parent);
}

/** Nothing is wrong: another replica, or another definition, goes on from here. */
function isEndInOrder(error: unknown): boolean {
  // By their codes, as this is loaded before everything that is to be traced, and the classes would bring much along.
  return error instanceof Error && 'code' in error && IN_ORDER.has(error.code);
}

function contextsOf(fedBy: readonly RecordHeaders[]): SpanContext[] {
  return fedBy.length === 0
    ? []
    : sampledContexts(
        fedBy.map((headers) => ({ headers })),
        MAX_PRODUCERS,
      );
}

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
