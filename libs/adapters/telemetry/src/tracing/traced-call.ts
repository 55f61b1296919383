import { context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { keepSpan } from './kept-spans';
import { isSampled, traceparentOf } from './trace-context';

const TRACER = 'tillstream';

/**
 * Runs `call` within a span of its own, and gives it the headers that carry the trace on; none where it is not sampled. A call that
 * fails is told all the same.
 */
export async function tracedCall<T>(
  name: string,
  call: (headers: Readonly<Record<string, string>>) => Promise<T>,
): Promise<T> {
  const startedMs = performance.now();
  const kind = SpanKind.CLIENT;
  const span = trace.getTracer(TRACER).startSpan(name, { kind });
  const spanContext = span.spanContext();
  try {
    const headers = isSampled(spanContext) ? { traceparent: traceparentOf(spanContext) } : {};
    return await context.with(trace.setSpan(context.active(), span), () => call(headers));
  } catch (error) {
    if (span.isRecording()) {
      span.recordException(error instanceof Error ? error : String(error));
      span.setStatus({ code: SpanStatusCode.ERROR });
    } else {
      keepSpan({ context: spanContext, name, kind, attributes: {}, startedMs, error });
    }
    throw error;
  } finally {
    span.end();
  }
}
