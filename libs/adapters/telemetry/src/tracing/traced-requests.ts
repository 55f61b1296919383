import { context, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { Attributes, Span, SpanContext } from '@opentelemetry/api';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { keepSpan } from './kept-spans';
import { repeatedIds } from './repeated-ids';
import { DRAWN } from './sampler';
import { parentOf } from './trace-context';

const TRACER = 'tillstream';
const FIRST_FAULT_OF_OURS = 500;

/** Which requests begin a trace. */
export interface RequestSampling {
  /** Whether the next one that belongs to no trace yet does. */
  readonly draw: () => boolean;
  /** Those that belong to one are sampled as it is; else they are drawn as well. */
  readonly isParentBased: boolean;
}

/**
 * Gives each sampled request over HTTP a span, by OpenTelemetry's conventions, within which it is answered; what fails by a fault of
 * ours is told, sampled or not. Of all others nothing is made: a general instrumentation prepares a span of each before it asks
 * whether it is wanted, which costs a third of what the gateway does for a small body.
 */
export function traceRequests(server: FastifyInstance, { draw, isParentBased }: RequestSampling): void {
  const spans = new WeakMap<FastifyRequest, Span>();
  const end = (request: FastifyRequest, ended: (span: Span) => void): boolean => {
    const span = spans.get(request);
    if (span === undefined) return false;
    ended(span);
    span.end();
    spans.delete(request);
    return true;
  };

  server.addHook('onRequest', (request, _reply, done) => {
    const parent = parentOf(request.headers['traceparent']);
    const isSampled = parent !== null && isParentBased ? parent.isSampled : draw();
    if (!isSampled || isProbe(request.url)) return done();
    const base = parent === null ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, parent.context);
    const options = { kind: SpanKind.SERVER, attributes: attributesOf(request) };
    const span = trace.getTracer(TRACER).startSpan(nameOf(request), options, base.setValue(DRAWN, true));
    spans.set(request, span);
    context.with(trace.setSpan(base, span), done);
  });
  server.addHook('onResponse', (request, reply, done) => {
    const isTold = end(request, (span) => {
      span.setAttribute('http.response.status_code', reply.statusCode);
      if (reply.statusCode >= FIRST_FAULT_OF_OURS) span.setStatus({ code: SpanStatusCode.ERROR });
    });
    if (!isTold && reply.statusCode >= FIRST_FAULT_OF_OURS && !isProbe(request.url)) keepFailed(request, reply);
    done();
  });
  server.addHook('onRequestAbort', (request, done) => {
    end(request, (span) => span.setStatus({ code: SpanStatusCode.ERROR, message: 'the caller has gone' }));
    done();
  });
}

function keepFailed(request: FastifyRequest, reply: FastifyReply): void {
  const parent = parentOf(request.headers['traceparent']);
  const traceId = parent?.context.traceId ?? repeatedIds.generateTraceId();
  const own: SpanContext = { traceId, spanId: repeatedIds.generateSpanId(), traceFlags: 0 };
  keepSpan({
    ...{ context: own, name: nameOf(request), kind: SpanKind.SERVER },
    attributes: { ...attributesOf(request), 'http.response.status_code': reply.statusCode },
    startedMs: performance.now() - reply.elapsedTime,
    error: new Error(`answered ${reply.statusCode}`),
  });
}

const nameOf = ({ method, routeOptions }: FastifyRequest): string =>
  routeOptions.url === undefined ? method : `${method} ${routeOptions.url}`;

function attributesOf({ method, url, routeOptions }: FastifyRequest): Attributes {
  return {
    'http.request.method': method,
    'url.path': url.split('?', 1)[0] ?? '/',
    ...(routeOptions.url !== undefined && { 'http.route': routeOptions.url }),
  };
}

const isProbe = (url: string): boolean => url === '/healthz' || url === '/readyz' || url === '/metrics';
