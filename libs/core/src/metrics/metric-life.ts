import type { BatchPosition } from '../batch/event-batch';
import type { StreamSchema } from '../stream/schema';
import { isTotal, unsureMs } from '../windowing/window-spec';
import type { PartitionState, SavedPosition } from './checkpoint/partition-state';
import type { MetricDefinition } from './definition';
import type { MetricSpan } from './metric-span';
import { ALWAYS, runsOutMs } from './metric-span';

/**
 * A retired metric has windows until so long after the newest event that may have come before it was retired. What comes
 * in its place begins in each partition behind the newest event there, so windows of one follow those of the other even
 * if the partitions hear of the change minutes apart.
 */
const RUN_OUT_MS = 60_000;

/** What is computed, as a stream file has it. */
export interface Definitions {
  readonly schema: StreamSchema;
  readonly metrics: readonly MetricDefinition[];
  /** Metrics that are no longer declared: those that still have windows open here go on until these are closed. */
  readonly retired?: readonly MetricDefinition[];
}

/** A metric that is computed in a partition, and what of it is told. */
export interface MetricLife {
  readonly metric: MetricDefinition;
  /** Windows that begin earlier were told by an earlier life, or are not whole. */
  readonly completeFromMs: number;
  readonly span: MetricSpan;
  /** What a checkpoint says of it beside its slices: see PartitionState. */
  readonly toldNext: number;
  readonly lateCounts: Uint8Array | null;
}

/** Where an aggregator without a checkpoint begins. */
export interface AggregatorStart {
  /** First raw position to apply. */
  readonly next: number;
  /** What stood there. */
  readonly before: BatchPosition;
  /** Only windows that begin at or after it are told: earlier ones may lack rows. -Infinity: all are complete. */
  readonly completeFromMs: number;
  /** By identity, of metrics that were not always declared; of a retired one only what is named here goes on. */
  readonly spans?: ReadonlyMap<string, MetricSpan>;
}

/** Metrics that begin without a checkpoint: those that are declared, then those that are retired and have not run out. */
export function livesFrom({ metrics, retired }: Definitions, start: AggregatorStart): MetricLife[] {
  const { before, completeFromMs, spans } = start;
  const anew = { completeFromMs, toldNext: 0, lateCounts: null };
  const declared = metrics.map((metric) => {
    const declaredMs = spans?.get(metric.identity)?.fromMs ?? ALWAYS.fromMs;
    // Everybody is told where a total begins anew.
    const fromMs = isTotal(metric.window) ? Math.max(declaredMs, completeFromMs) : declaredMs;
    return { ...anew, metric, span: { fromMs, untilMs: ALWAYS.untilMs } };
  });
  const goingOn = (retired ?? []).flatMap((metric) => {
    const span = spans?.get(metric.identity);
    return span && span.untilMs !== ALWAYS.untilMs ? [{ ...anew, metric, span }] : [];
  });
  return [...declared, ...goingOn.filter((life) => !hasRunOut(life, before.watermarkInputMs))];
}

/**
 * Metrics that go on from a checkpoint. One that it does not know begins here: it is whole from the first window that no
 * row before could have been in. One that is no longer declared goes on until what may be open is closed: by then those
 * that came in its place are whole in all partitions.
 */
export function livesAfter(
  { schema, metrics, retired }: Definitions,
  saved: PartitionState['metrics'],
  position: SavedPosition,
): MetricLife[] {
  const known = new Map(saved.map((metric) => [metric.identity, metric]));
  const declared = metrics.map((metric): MetricLife => {
    const before = known.get(metric.identity);
    if (before) return { ...before, metric, span: { ...before.span, untilMs: ALWAYS.untilMs } };
    const knownFromMs = position.maxEventTimeMs + 1;
    const span = { fromMs: knownFromMs + unsureMs(metric.window), untilMs: ALWAYS.untilMs };
    return { metric, completeFromMs: knownFromMs, span, toldNext: 0, lateCounts: null };
  });
  const newestMs = Math.max(position.maxEventTimeMs, position.maxAppendMs + schema.eventTime.futureToleranceMs);
  const goingOn = (retired ?? []).flatMap((metric): MetricLife[] => {
    const before = known.get(metric.identity);
    if (!before) return [];
    const untilMs = Math.min(before.span.untilMs, newestMs + RUN_OUT_MS);
    return [{ ...before, metric, span: { ...before.span, untilMs } }];
  });
  return [...declared, ...goingOn.filter((life) => !hasRunOut(life, position.watermarkInputMs))];
}

/** Is no window open, or still to come, that a metric has whole? */
function hasRunOut({ metric, span }: MetricLife, inputMs: number): boolean {
  return inputMs - metric.outOfOrdernessMs >= runsOutMs(metric, span);
}
