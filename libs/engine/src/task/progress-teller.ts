import type { MetricDefinition } from '@tillstream/core';
import { isFollowed, isSession, lastClosedEnd } from '@tillstream/core';
import { encodeProgress } from '@tillstream/contracts';
import type { NewRecord } from '../ports/log';

/**
 * Tells how far the windows of those metrics are closed whose windows are looked at together with earlier ones.
 *
 * Law: what `due` returns is appended behind every final of the windows it speaks of, by the same appender.
 */
export class ProgressTeller {
  private readonly followed: readonly MetricDefinition[];
  /** By identity: the newest end told. */
  private readonly told = new Map<string, number>();

  constructor(
    metrics: readonly MetricDefinition[],
    private readonly partition: number,
  ) {
    this.followed = metrics.filter(isFollowed);
  }

  /** A record for each metric that has closed more windows at this watermark input than at the one before. */
  due(watermarkInputMs: number): readonly NewRecord[] {
    return this.followed.flatMap((metric) => {
      const { identity, window, outOfOrdernessMs } = metric;
      if (isSession(window)) return []; // nothing is looked at together with them
      const endMs = lastClosedEnd(window, watermarkInputMs - outOfOrdernessMs);
      if (!(endMs > (this.told.get(identity) ?? -Infinity))) return [];
      this.told.set(identity, endMs);
      return [encodeProgress(metric, endMs, this.partition)];
    });
  }
}
