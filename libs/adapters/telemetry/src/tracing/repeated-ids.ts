import { randomBytes } from 'node:crypto';
import type { SpanContext } from '@opentelemetry/api';

const TRACE_ID_BYTES = 16;
const SPAN_ID_BYTES = 8;

/**
 * Makes ids of traces and spans, and the ids of a span that was not sampled once more: so what is told of it in the end bears
 * the ids that its log lines have.
 */
export class RepeatedIds {
  private repeated: SpanContext | null = null;

  readonly generateTraceId = (): string => this.repeated?.traceId ?? randomBytes(TRACE_ID_BYTES).toString('hex');

  readonly generateSpanId = (): string => this.repeated?.spanId ?? randomBytes(SPAN_ID_BYTES).toString('hex');

  /** Runs `start`, in which spans get the ids of `context`. */
  repeat<T>(context: SpanContext, start: () => T): T {
    this.repeated = context;
    try {
      return start();
    } finally {
      this.repeated = null;
    }
  }
}

/** Those of this process: the SDK asks for them as spans start, and there is one SDK a process. */
export const repeatedIds = new RepeatedIds();
