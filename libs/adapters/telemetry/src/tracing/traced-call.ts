import { SpanKind } from '@opentelemetry/api';
import { isSampled, traceparentOf } from './trace-context';
import { withinSpan } from './work-span';

/**
 * Runs `call` within a span of its own, and gives it the headers that carry the trace on; none where it is not sampled. A call that
 * fails is told all the same.
 */
export function tracedCall<T>(
  name: string,
  call: (headers: Readonly<Record<string, string>>) => Promise<T>,
): Promise<T> {
  const work = { name, kind: SpanKind.CLIENT, attributes: {}, causes: [] };
  return withinSpan(work, Infinity, (own) => call(isSampled(own) ? { traceparent: traceparentOf(own) } : {}));
}
