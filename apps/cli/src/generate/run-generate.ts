import type { CliClock } from '../cli-clock';
import { PublishInterruptedError } from '../gateway/gateway-client';
import type { ShopRow } from '@tillstream/shop-events';
import { Pacer } from './pacer';
import type { RowSink } from './row-sink';

export interface GeneratePlan {
  /** The next row, made at this time. */
  readonly next: (nowMs: number) => ShopRow;
  /** Rows a second; 0: as fast as they are taken. */
  readonly rate: number;
  /** Infinity: until interrupted. */
  readonly count: number;
  /** Most rows in one send. */
  readonly batch: number;
  /** Time at which row number i is made; null: now. */
  readonly timeOf: ((made: number) => number) | null;
}

/** Numbers of a run so far. */
export interface GenerateCounts {
  made: number;
  accepted: number;
  readonly rejected: Record<string, number>;
  /** Rows of sends that were interrupted: nobody knows whether they arrived. */
  unanswered: number;
}

/** Events that become due within this time travel together. */
const GATHER_MS = 50;

/**
 * Makes rows and sends them until `count` is reached or the signal is aborted; what is under way then is waited for.
 *
 * @param onProgress called after each send that was answered
 * @throws what the sink throws
 */
export async function runGenerate(
  plan: GeneratePlan,
  sink: RowSink,
  clock: CliClock,
  signal: AbortSignal,
  onProgress: (counts: GenerateCounts) => void = () => undefined,
): Promise<GenerateCounts> {
  const counts: GenerateCounts = { made: 0, accepted: 0, rejected: {}, unanswered: 0 };
  const underWay = new Set<Promise<void>>();
  const pacer = plan.rate === 0 ? null : new Pacer(plan.rate, clock.monotonicMs());
  let failure: { readonly error: unknown } | null = null;

  const send = async (rows: readonly ShopRow[]): Promise<void> => {
    try {
      const { accepted, rejected } = await sink.send(rows);
      counts.accepted += accepted;
      for (const [code, times] of Object.entries(rejected))
        counts.rejected[code] = (counts.rejected[code] ?? 0) + times;
      onProgress(counts);
    } catch (error) {
      if (error instanceof PublishInterruptedError) counts.unanswered += rows.length;
      else failure ??= { error };
    }
  };

  while (!signal.aborted && failure === null && counts.made < plan.count) {
    const due = pacer === null ? plan.batch : pacer.due(clock.monotonicMs());
    if (due === 0) {
      await clock.sleep(Math.max(GATHER_MS, pacer?.waitMs(clock.monotonicMs()) ?? 0), signal);
      continue;
    }
    if (underWay.size >= sink.parallel) {
      await Promise.race(underWay);
      continue;
    }
    const size = Math.min(due, plan.batch, plan.count - counts.made);
    const rows = Array.from({ length: size }, (_, i) => plan.next(plan.timeOf?.(counts.made + i) ?? clock.nowMs()));
    counts.made += size;
    pacer?.take(size);
    const sending = send(rows).finally(() => underWay.delete(sending));
    underWay.add(sending);
  }
  await Promise.all(underWay);
  if (failure !== null) throw (failure as { readonly error: unknown }).error;
  return counts;
}
