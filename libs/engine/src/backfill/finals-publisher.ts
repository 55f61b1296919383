import type { StreamDefinition } from '@tillstream/contracts';
import { decodeMetricsRecord, encodeResults } from '@tillstream/contracts';
import { formatEventTime } from '@tillstream/core';
import type { RecomputedWindow } from '../recompute/recomputation';
import type { OrderedAppender } from '../task/ordered-appender';
import type { StandingTable } from '../verify/standing-table';

const MAX_PENDING_BYTES = 8 * 1024 * 1024;
const EMPTY = new Uint8Array(0);

/** A final stands there that is not what raw gives. A final is never replaced. */
export class FinalStandsError extends Error {
  override readonly name = 'FinalStandsError';
  readonly code = 'FINAL_STANDS';
}

/** Publishes finals that do not stand in `metrics` yet. */
export class FinalsPublisher {
  constructor(
    private readonly definition: StreamDefinition,
    private readonly standing: StandingTable,
    /** By partition of `metrics`. */
    private readonly appenders: readonly OrderedAppender[],
    private readonly sums: { windows: number; published: number; standing: number },
  ) {}

  /** @throws FinalStandsError when another final stands under the key of one */
  async publish({ metric, startMs, partition, results }: RecomputedWindow): Promise<void> {
    const appender = this.appenders[partition];
    if (!appender) throw new RangeError(`there is no partition ${partition}`);
    this.sums.windows += 1;
    if (!results) return;
    const missing = encodeResults(results, this.definition.schema).filter((record) => {
      const { key, value } = record;
      const { found } = this.standing.check(partition, key ?? EMPTY, value ?? EMPTY);
      if (found === 'missing') return true;
      if (found !== 'equal') {
        const decoded = decodeMetricsRecord(record);
        const group = decoded.kind === 'result' ? decoded.groupKey : '';
        throw new FinalStandsError(
          `another final of ${metric.identity} stands in ${appender.topic}/${partition} for the window that begins at ` +
            `${formatEventTime(startMs)} and the group ${group}: a final is never replaced`,
        );
      }
      this.sums.standing += 1;
      return false;
    });
    appender.enqueue(missing);
    this.sums.published += missing.length;
    if (appender.pendingBytes > MAX_PENDING_BYTES) await appender.flush();
  }

  /** Resolves when all that was published is acknowledged. */
  async flush(): Promise<void> {
    await Promise.all(this.appenders.map((appender) => appender.flush()));
  }
}
