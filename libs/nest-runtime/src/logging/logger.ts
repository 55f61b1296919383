import { trace } from '@opentelemetry/api';
import { pino } from 'pino';
import type { DestinationStream, Level, Logger } from 'pino';
import { describeError } from './describe-error';

/** One JSON object a line; the message is a constant name, what differs is in the fields. */
export type ServiceLogger = Logger;

/**
 * Lines that are written within a span say which. Of errors only what a log may tell is told.
 *
 * @param destination default: standard output
 */
export function createLogger(service: string, level: Level, destination?: DestinationStream): ServiceLogger {
  const options = {
    level,
    base: { service },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    messageKey: 'message',
    errorKey: 'error',
    serializers: { error: (error: unknown) => describeError(error), err: (error: unknown) => describeError(error) },
    mixin: spanFields,
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}

function spanFields(): object {
  const span = trace.getActiveSpan()?.spanContext();
  return span === undefined ? {} : { trace_id: span.traceId, span_id: span.spanId };
}
