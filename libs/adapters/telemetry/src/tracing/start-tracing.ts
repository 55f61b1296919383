/* eslint-disable @typescript-eslint/no-require-imports -- the SDK is loaded only when it is wanted, and before what it patches */
import type * as Zipkin from '@opentelemetry/exporter-zipkin';
import type * as Grpc from '@opentelemetry/instrumentation-grpc';
import type * as Http from '@opentelemetry/instrumentation-http';
import type * as IORedis from '@opentelemetry/instrumentation-ioredis';
import type * as Sdk from '@opentelemetry/sdk-node';
import type * as SdkTrace from '@opentelemetry/sdk-trace';
import type { FastifyInstance } from 'fastify';
import { repeatedIds } from './repeated-ids';
import { KeepingSampler, samplerOf } from './sampler';
import { traceRequests } from './traced-requests';
import { ZipkinSpans } from './zipkin-spans';

export interface Tracing {
  /** Has a server give its sampled requests a span each. */
  traceRequests(server: FastifyInstance): void;
  /** Sends what is still to be sent. */
  shutdown(): Promise<void>;
}

type Environment = Record<string, string | undefined>;

/** One trace in a hundred: what a platform under load can tell of without noticing. */
const DEFAULT_SAMPLER = { name: 'parentbased_traceidratio', ratio: '0.01' };

/**
 * Starts OpenTelemetry, configured by the standard OTEL_* variables; null, and nothing loaded, unless there is an endpoint to
 * send to and OTEL_SDK_DISABLED is not `true`. Must run before anything that is to be traced is loaded: the first import of
 * a program.
 *
 * Kafka is not instrumented: that costs several microseconds a record even when nothing is sampled. Batches are traced by
 * hand instead, see `createBatchTracer`. Metrics are scraped from `/metrics`, so the SDK sends none unless told to.
 *
 * @throws Error that names the variable that it does not understand
 */
// eslint-disable-next-line no-restricted-syntax -- the SDK reads these variables itself, from there
export function startTracing(service: string, environment: Environment = process.env): Tracing | null {
  if (!isTracingWanted(environment)) return null;
  environment['OTEL_METRICS_EXPORTER'] ??= 'none';
  environment['OTEL_LOGS_EXPORTER'] ??= 'none';
  environment['OTEL_SERVICE_NAME'] ??= `tillstream-${service}`;

  const { NodeSDK } = require('@opentelemetry/sdk-node') as typeof Sdk;
  const sdkTrace = require('@opentelemetry/sdk-trace') as typeof SdkTrace;
  const { HttpInstrumentation } = require('@opentelemetry/instrumentation-http') as typeof Http;
  const { GrpcInstrumentation } = require('@opentelemetry/instrumentation-grpc') as typeof Grpc;
  const { IORedisInstrumentation } = require('@opentelemetry/instrumentation-ioredis') as typeof IORedis;
  const { name, ratio } = DEFAULT_SAMPLER;
  const sampling = samplerOf(
    environment['OTEL_TRACES_SAMPLER'] || name,
    environment['OTEL_TRACES_SAMPLER_ARG'] || (environment['OTEL_TRACES_SAMPLER'] ? '1' : ratio),
    sdkTrace,
  );
  const sdk = new NodeSDK({
    sampler: new KeepingSampler(sampling.sampler),
    idGenerator: repeatedIds,
    ...(exportersOf(environment).includes('zipkin') && { spanProcessors: [zipkinProcessor(environment, sdkTrace)] }),
    instrumentations: [
      new HttpInstrumentation({ disableIncomingRequestInstrumentation: true }),
      new GrpcInstrumentation({ ignoreGrpcMethods: [/^grpc\.health/, /^Check$/, /^Watch$/] }),
      // Their arguments are checkpoints: to write them out costs much, sampled or not, and shows what no trace should.
      new IORedisInstrumentation({ dbStatementSerializer: (command) => command }),
    ],
  });
  sdk.start();
  return {
    traceRequests: (server) => traceRequests(server, sampling),
    shutdown: () => sdk.shutdown(),
  };
}

/**
 * Whether traces have somewhere to go.
 *
 * @throws Error when they are wanted in two ways of which the SDK is told one
 */
export function isTracingWanted(environment: Environment): boolean {
  if (environment['OTEL_SDK_DISABLED']?.toLowerCase() === 'true') return false;
  const exporters = exportersOf(environment);
  if (exporters.includes('zipkin') && exporters.length > 1) {
    throw new Error('OTEL_TRACES_EXPORTER names zipkin and another exporter: name one');
  }
  if (exporters.length > 0 && !exporters.includes('otlp')) return !exporters.includes('none');
  return Boolean(environment['OTEL_EXPORTER_OTLP_ENDPOINT'] || environment['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT']);
}

function exportersOf(environment: Environment): string[] {
  const named = (environment['OTEL_TRACES_EXPORTER'] ?? '').split(',');
  return named.map((name) => name.trim()).filter((name) => name !== '');
}

/** As the SDK makes one, with the same variables. */
function zipkinProcessor(environment: Environment, { BatchSpanProcessor }: typeof SdkTrace): SdkTrace.SpanProcessor {
  const { ZipkinExporter } = require('@opentelemetry/exporter-zipkin') as typeof Zipkin;
  const delayMs = Number(environment['OTEL_BSP_SCHEDULE_DELAY'] || NaN);
  return new BatchSpanProcessor({
    exporter: new ZipkinSpans(new ZipkinExporter()),
    ...(delayMs >= 0 && { scheduledDelayMillis: delayMs }),
  });
}
