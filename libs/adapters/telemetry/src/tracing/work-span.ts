import { context, trace } from '@opentelemetry/api';
import type { Attributes, Link, Span, SpanContext, SpanKind } from '@opentelemetry/api';
import { markFailed } from './failed-span';
import { keepSpan } from './kept-spans';

const TRACER = 'tillstream';
/** Codes of TaskRenewalError and SourceRevokedError. */
const IN_ORDER: ReadonlySet<unknown> = new Set(['TASK_RENEWAL', 'SOURCE_REVOKED']);

/** What a span is to be of. */
export interface Work {
  readonly name: string;
  readonly kind: SpanKind;
  readonly attributes: Attributes;
  /** What it comes of. It goes on with the trace of the first; where there are none, with what is active. */
  readonly causes: readonly SpanContext[];
}

/** Begins a span; whoever asks for it ends it. */
export function startSpan({ name, kind, attributes, causes: [first, ...others] }: Work): Span {
  const parent = first === undefined ? context.active() : trace.setSpanContext(context.active(), first);
  return trace.getTracer(TRACER).startSpan(name, { kind, attributes, links: linksTo(others) }, parent);
}

/**
 * Runs `run` within a span of its own, whose context it is given. What fails is told, sampled or not, and so is what takes as long
 * as `slowMs`.
 */
export async function withinSpan<T>(
  work: Work,
  slowMs: number,
  run: (spanContext: SpanContext) => Promise<T>,
): Promise<T> {
  const startedMs = performance.now();
  const span = startSpan(work);
  const isSampled = span.isRecording();
  const spanContext = span.spanContext();
  const keep = (error?: unknown): void =>
    keepSpan({ ...work, links: linksTo(work.causes), context: spanContext, startedMs, error });
  try {
    const result = await context.with(trace.setSpan(context.active(), span), () => run(spanContext));
    if (!isSampled && performance.now() - startedMs >= slowMs) keep();
    return result;
  } catch (error) {
    if (!isEndInOrder(error)) {
      if (isSampled) markFailed(span, error);
      else keep(error);
    }
    throw error;
  } finally {
    span.end();
  }
}

const linksTo = (contexts: readonly SpanContext[]): Link[] => contexts.map((context) => ({ context }));

/** Nothing is wrong: another replica, or another definition, goes on from here. */
function isEndInOrder(error: unknown): boolean {
  // By their codes, as this is loaded before everything that is to be traced, and the classes would bring much along.
  return error instanceof Error && 'code' in error && IN_ORDER.has(error.code);
}
