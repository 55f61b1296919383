import { SpanKind, trace } from '@opentelemetry/api';
import type { Span } from '@opentelemetry/api';
import { keepSpan } from './kept-spans';

/** Tells of the call over gRPC that is being answered: it failed by a fault of ours. */
export function keepFailedCall(method: string, error: unknown): void {
  const span: Span | undefined = trace.getActiveSpan();
  if (span === undefined || span.isRecording()) return;
  keepSpan({
    context: span.spanContext(),
    name: method.replace(/^\//, ''),
    kind: SpanKind.SERVER,
    attributes: { 'rpc.system.name': 'grpc', 'rpc.method': method },
    startedMs: performance.now(),
    error,
  });
}
