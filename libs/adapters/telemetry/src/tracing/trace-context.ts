import { isSpanContextValid, trace, TraceFlags } from '@opentelemetry/api';
import type { SpanContext } from '@opentelemetry/api';
import type { LogRecord, RecordHeaders } from '@tillstream/engine';

const TRACEPARENT = 'traceparent';
const NO_HEADERS: RecordHeaders = {};
const decoder = new TextDecoder();

/** `headers` with the W3C context of the span that is active, if there is one and it is sampled; else as they are. */
export function injectTraceContext(headers: RecordHeaders = NO_HEADERS): RecordHeaders {
  const context = trace.getActiveSpan()?.spanContext();
  return context === undefined ? headers : withTraceContext(headers, context);
}

/** `headers` with `context`, if it is sampled; else as they are. */
export function withTraceContext(headers: RecordHeaders, context: SpanContext): RecordHeaders {
  if (!isSpanContextValid(context) || !isSampled(context)) return headers;
  return { ...headers, [TRACEPARENT]: Buffer.from(traceparentOf(context)) };
}

/** The text that carries a context from process to process. */
export function traceparentOf({ traceId, spanId, traceFlags }: SpanContext): string {
  return `00-${traceId}-${spanId}-0${(traceFlags & TraceFlags.SAMPLED) === 0 ? 0 : 1}`;
}

/** Of a record's headers the one with its context, if that is sampled. */
export function sampledHeaders(headers: RecordHeaders): RecordHeaders {
  const bytes = headers[TRACEPARENT];
  return bytes === undefined || !endsSampled(bytes) ? NO_HEADERS : { [TRACEPARENT]: bytes };
}

/**
 * The sampled contexts among those of some records, each once, at most `limit`: what was not sampled would lead nowhere, and a
 * batch may have thousands of producers.
 */
export function sampledContexts(records: readonly Pick<LogRecord, 'headers'>[], limit: number): SpanContext[] {
  const contexts = new Map<string, SpanContext>();
  for (const { headers } of records) {
    const bytes = headers[TRACEPARENT];
    if (bytes === undefined || !endsSampled(bytes)) continue;
    if (contexts.size === limit) break;
    const context = parseTraceparent(decoder.decode(bytes));
    if (context !== null) contexts.set(`${context.traceId}${context.spanId}`, context);
  }
  return [...contexts.values()];
}

/** `…-01`: the flags are the last two hexadecimal digits, and their last bit says sampled. Spares most contexts the parsing. */
function endsSampled(traceparent: Uint8Array): boolean {
  const digit = traceparent[traceparent.length - 1] ?? 0;
  const isLetter = digit > 0x39; // 'a' is 0x61 and stands for 10
  return ((isLetter ? digit + 1 : digit) & 1) === 1;
}

/** The trace that a request says it belongs to; null: none, or what it says is no W3C traceparent. */
export function parentOf(
  traceparent: string | string[] | undefined,
): { readonly context: SpanContext; readonly isSampled: boolean } | null {
  if (typeof traceparent !== 'string') return null;
  const context = contextIn(traceparent);
  return context && { context, isSampled: isSampled(context) };
}

/** The context that a W3C traceparent names; null when it is not one, or is not sampled. */
function parseTraceparent(text: string): SpanContext | null {
  const context = contextIn(text);
  return context !== null && isSampled(context) ? context : null;
}

function contextIn(text: string): SpanContext | null {
  const [, traceId, spanId, flags] = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/.exec(text) ?? [];
  if (traceId === undefined || spanId === undefined) return null;
  const context = { traceId, spanId, traceFlags: parseInt(flags ?? '', 16), isRemote: true };
  return isSpanContextValid(context) ? context : null;
}

export function isSampled({ traceFlags }: SpanContext): boolean {
  return (traceFlags & TraceFlags.SAMPLED) !== 0;
}
