import { ROOT_CONTEXT, trace } from '@opentelemetry/api';
import type { Attributes, Link, SpanContext, SpanKind } from '@opentelemetry/api';
import { markFailed } from './failed-span';
import { repeatedIds } from './repeated-ids';
import { KEPT } from './sampler';

const TRACER = 'tillstream';
/** Where everything fails, a few tell it: telling of all would only add to the trouble. */
const MOST_AT_ONCE = 50;
const MOST_A_SECOND = 10;

/** A span that has ended and was not sampled. */
export interface EndedSpan {
  readonly context: SpanContext;
  readonly name: string;
  readonly kind: SpanKind;
  readonly attributes: Attributes;
  readonly links?: Link[];
  /** When it began, by `performance.now()`. */
  readonly startedMs: number;
  /** What it failed with; absent: it did not, and was slow. */
  readonly error?: unknown;
}

let left = MOST_AT_ONCE;
let countedMs = 0;

/** Tells a span all the same, with the ids that it had: because it failed, or was slow. Of very many, only some. */
export function keepSpan(ended: EndedSpan): void {
  const nowMs = performance.now();
  left = Math.min(MOST_AT_ONCE, left + ((nowMs - countedMs) / 1_000) * MOST_A_SECOND);
  countedMs = nowMs;
  if (left < 1) return;
  left -= 1;
  const { context, name, kind, links = [], startedMs, error } = ended;
  const attributes = { ...ended.attributes, [KEPT]: error === undefined ? 'slow' : 'error' };
  // Whole milliseconds: Zipkin refuses all that comes with a span which began at a fraction of a microsecond.
  const startTime = Date.now() - Math.round(nowMs - startedMs);
  const span = repeatedIds.repeat(context, () =>
    trace.getTracer(TRACER).startSpan(name, { kind, attributes, links, startTime }, ROOT_CONTEXT),
  );
  if (error !== undefined) markFailed(span, error);
  span.end();
}
