/* eslint-disable @typescript-eslint/no-require-imports -- the SDK is loaded only when it is wanted, and before what it patches */
import type * as Grpc from '@opentelemetry/instrumentation-grpc';
import type * as Http from '@opentelemetry/instrumentation-http';
import type * as IORedis from '@opentelemetry/instrumentation-ioredis';
import type * as Nest from '@opentelemetry/instrumentation-nestjs-core';
import type * as Sdk from '@opentelemetry/sdk-node';

export interface Tracing {
  /** Sends what is still to be sent. */
  shutdown(): Promise<void>;
}

type Environment = Record<string, string | undefined>;

/**
 * Starts OpenTelemetry, configured by the standard OTEL_* variables; null, and nothing loaded, unless there is an endpoint to
 * send to and OTEL_SDK_DISABLED is not `true`. Must run before anything that is to be traced is loaded: the first import of
 * a program.
 *
 * Kafka is not instrumented: that costs several microseconds a record even when nothing is sampled. Batches are traced by
 * hand instead, see `createBatchTracer`. Metrics are scraped from `/metrics`, so the SDK sends none unless told to.
 */
// eslint-disable-next-line no-restricted-syntax -- the SDK reads these variables itself, from there
export function startTracing(service: string, environment: Environment = process.env): Tracing | null {
  if (!isTracingWanted(environment)) return null;
  environment['OTEL_METRICS_EXPORTER'] ??= 'none';
  environment['OTEL_LOGS_EXPORTER'] ??= 'none';
  environment['OTEL_SERVICE_NAME'] ??= `tillstream-${service}`;

  const { NodeSDK } = require('@opentelemetry/sdk-node') as typeof Sdk;
  const { HttpInstrumentation } = require('@opentelemetry/instrumentation-http') as typeof Http;
  const { GrpcInstrumentation } = require('@opentelemetry/instrumentation-grpc') as typeof Grpc;
  const { IORedisInstrumentation } = require('@opentelemetry/instrumentation-ioredis') as typeof IORedis;
  const { NestInstrumentation } = require('@opentelemetry/instrumentation-nestjs-core') as typeof Nest;
  const sdk = new NodeSDK({
    instrumentations: [
      new HttpInstrumentation({ ignoreIncomingRequestHook: ({ url }) => isProbe(url) }),
      new GrpcInstrumentation({ ignoreGrpcMethods: [/^grpc\.health/, /^Check$/, /^Watch$/] }),
      new IORedisInstrumentation(),
      new NestInstrumentation(),
    ],
  });
  sdk.start();
  return sdk;
}

/** Whether traces have somewhere to go. */
export function isTracingWanted(environment: Environment): boolean {
  const endpoint = environment['OTEL_EXPORTER_OTLP_ENDPOINT'] || environment['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'];
  const disabled = environment['OTEL_SDK_DISABLED']?.toLowerCase() === 'true';
  return !disabled && Boolean(endpoint) && environment['OTEL_TRACES_EXPORTER'] !== 'none';
}

function isProbe(url: string | undefined): boolean {
  return url === '/healthz' || url === '/readyz' || url === '/metrics';
}
