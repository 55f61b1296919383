import { context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { Attributes, Link, Span } from '@opentelemetry/api';
import type { BatchInfo, BatchTracer, RecordHeaders } from '@tillstream/engine';
import { extractSampledLinks, withTraceContext } from './trace-context';

const TRACER = 'tillstream';
const MAX_LINKS = 32;

/** A span of a batch, of its own trace unless one is active: its producers are links, not parents. */
export function startBatchSpan(name: string, attributes: Attributes, links: readonly Link[]): Span {
  return trace.getTracer(TRACER).startSpan(name, { kind: SpanKind.CONSUMER, attributes, links: [...links] });
}

/**
 * Traces batches with one span each, by OpenTelemetry's conventions for messaging. Costs next to nothing when tracing is off.
 *
 * @param group consumer group that the batches are read by
 */
export function createBatchTracer(group: string): BatchTracer {
  return {
    async batch<T>(info: BatchInfo, run: (headers: RecordHeaders) => Promise<T>): Promise<T> {
      const links = extractSampledLinks(info.records, MAX_LINKS);
      const span = startBatchSpan(`process ${info.topic}`, attributesOf(info, group), links);
      const headers = withTraceContext({}, span.spanContext());
      try {
        return await context.with(trace.setSpan(context.active(), span), () => run(headers));
      } catch (error) {
        span.recordException(error instanceof Error ? error : String(error));
        span.setStatus({ code: SpanStatusCode.ERROR });
        throw error;
      } finally {
        span.end();
      }
    },
  };
}

function attributesOf({ name, topic, partition, records }: BatchInfo, group: string): Attributes {
  return {
    'messaging.system': 'kafka',
    'messaging.operation.type': 'process',
    'messaging.operation.name': name,
    'messaging.destination.name': topic,
    'messaging.destination.partition.id': String(partition),
    'messaging.consumer.group.name': group,
    'messaging.batch.message_count': records.length,
    ...(records.length === 0
      ? {}
      : {
          'tillstream.first_offset': records[0]!.offset,
          'tillstream.last_offset': records[records.length - 1]!.offset,
        }),
  };
}
