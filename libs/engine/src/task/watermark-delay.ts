import type { TaskLabels, TaskMeter } from '../ports/telemetry';

/** How often each metric's delay is told. There may be many, and a loop may turn a hundred times a second. */
const TELL_METRICS_EVERY_MS = 1_000;

/** What has a time, and metrics with times of their own that follow it. */
export interface Timed {
  readonly watermarkInputMs: number;
  readonly maxAppendMs: number;
  /** By name: how far the time of each metric is behind the partition's. */
  readonly lateness?: ReadonlyMap<string, number>;
}

/** Tells how far event time is behind the append time of what was read: of a partition, and of each metric computed there. */
export class WatermarkDelay {
  private readonly told = new Set<string>();
  private toldAtMs = -Infinity;

  constructor(
    private readonly meter: TaskMeter,
    private readonly labels: TaskLabels,
  ) {}

  tell({ watermarkInputMs, maxAppendMs, lateness }: Timed, nowMs: number): void {
    if (!Number.isFinite(watermarkInputMs)) return;
    const delayMs = maxAppendMs - watermarkInputMs;
    this.meter.gauge('watermark_delay_seconds', this.labels, delayMs / 1000);
    if (!lateness || nowMs - this.toldAtMs < TELL_METRICS_EVERY_MS) return;
    this.toldAtMs = nowMs;
    for (const [metric, latenessMs] of lateness) {
      this.told.add(metric);
      this.meter.gauge('watermark_delay_seconds', { ...this.labels, metric }, (delayMs + latenessMs) / 1000);
    }
  }

  /** The partition has left this process. */
  forget(): void {
    for (const metric of this.told) this.meter.forget({ ...this.labels, metric });
  }
}
