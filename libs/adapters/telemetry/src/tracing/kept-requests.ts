import type { IncomingMessage } from 'node:http';
import { ClientRequest, ServerResponse } from 'node:http';
import { SpanKind, trace } from '@opentelemetry/api';
import type { Span } from '@opentelemetry/api';
import type { HttpInstrumentationConfig } from '@opentelemetry/instrumentation-http';
import { keepSpan } from './kept-spans';

const FIRST_FAULT_OF_OURS = 500;

/** Tells of requests over HTTP that failed by a fault of ours, sampled or not. */
export function keepFailedRequests(): Required<
  Pick<HttpInstrumentationConfig, 'requestHook' | 'applyCustomAttributesOnSpan'>
> {
  const started = new WeakMap<object, number>();
  return {
    requestHook: (span, request) => {
      if (!span.isRecording() && !(request instanceof ClientRequest)) started.set(request, performance.now());
    },
    applyCustomAttributesOnSpan: (span, request, response) => {
      const startedMs = started.get(request);
      if (startedMs === undefined || span.isRecording() || !(response instanceof ServerResponse)) return;
      const { statusCode } = response;
      if (statusCode < FIRST_FAULT_OF_OURS) return;
      const { method = 'GET', url = '/' } = request as IncomingMessage;
      const path = url.split('?', 1)[0] ?? '/';
      keepSpan({
        context: span.spanContext(),
        name: `${method} ${path}`,
        kind: SpanKind.SERVER,
        attributes: { 'http.request.method': method, 'url.path': path, 'http.response.status_code': statusCode },
        startedMs,
        error: new Error(`answered ${statusCode}`),
      });
    },
  };
}

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
