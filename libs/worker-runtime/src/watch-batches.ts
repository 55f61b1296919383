import type { BatchInfo, BatchTracer, Clock, TaskMeter } from '@tillstream/engine';
import type { ServiceLogger } from '@tillstream/nest-runtime';

/** What batches are watched with. */
export interface BatchWatch {
  readonly stream: string;
  readonly meter: TaskMeter;
  readonly logger: Pick<ServiceLogger, 'debug' | 'warn' | 'isLevelEnabled'>;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  /** A batch that takes longer is slow. */
  readonly slowBatchMs: number;
}

/** Counts slow batches and says which they were; says of every batch what it was when that is listened to. Within its span. */
export function watchBatches(tracer: BatchTracer, watch: BatchWatch): BatchTracer {
  const { clock } = watch;
  return {
    ...tracer,
    batch: (info, run) =>
      tracer.batch(info, async (headers) => {
        const startedMs = clock.monotonicMs();
        try {
          return await run(headers);
        } finally {
          note(info, clock.monotonicMs() - startedMs, watch);
        }
      }),
  };
}

function note(info: BatchInfo, ms: number, { stream, meter, logger, slowBatchMs }: BatchWatch): void {
  const { topic, partition } = info;
  const isSlow = ms > slowBatchMs;
  // Also when there is nothing to add: a counter that is not there before the first one does not seem to grow with it.
  meter.count('slow_batches', { stream, topic, partition }, isSlow ? 1 : 0);
  if (isSlow) logger.warn(describe(info, stream, ms), 'slow_batch');
  else if (logger.isLevelEnabled('debug')) logger.debug(describe(info, stream, ms), 'batch');
}

function describe({ name, topic, partition, records }: BatchInfo, stream: string, ms: number): object {
  const from = records[0]?.offset;
  const to = records.at(-1)?.offset;
  return { task: name, stream, topic, partition, records: records.length, from, to, ms: Math.round(ms) };
}
