import type { MetricsRecord } from '@tillstream/contracts';
import type { MetricDefinition, MetricSpan } from '@tillstream/core';
import { spans } from '@tillstream/core';

type SpanRecord = Extract<MetricsRecord, { kind: 'span' | 'backfill' }>;

/** Which windows services have to tell, and which were computed afterwards, as `metrics` says it. */
export class ToldSpans {
  /** By identity and source partition. */
  private readonly live = new Map<string, Map<number, MetricSpan>>();
  private readonly backfilled = new Map<string, Map<number, MetricSpan>>();

  /** Takes a record up; a later one of its key replaces it. */
  add({ kind, identity, partition, fromMs, untilMs }: SpanRecord): void {
    const of = kind === 'span' ? this.live : this.backfilled;
    const bySource = of.get(identity) ?? new Map<number, MetricSpan>();
    of.set(identity, bySource.set(partition, { fromMs, untilMs }));
  }

  /**
   * Does a window's final stand in `metrics` once the window is closed? A metric that was declared while events came
   * begins with a whole window; before that only what was computed afterwards is told.
   *
   * @param partition of `metrics`
   */
  isTold({ identity, local }: MetricDefinition, partition: number, startMs: number): boolean {
    const bySource = this.live.get(identity);
    if (!bySource) return true;
    const deciding = local ? [partition] : [...bySource.keys()];
    return deciding.every((source) => {
      const span = bySource.get(source);
      if (!span || spans(span, startMs)) return true;
      const backfill = this.backfillOf(identity, source);
      return backfill !== null && spans(backfill, startMs);
    });
  }

  /** What was computed afterwards for one partition of the stream; null: nothing. */
  backfillOf(identity: string, source: number): MetricSpan | null {
    return this.backfilled.get(identity)?.get(source) ?? null;
  }
}
