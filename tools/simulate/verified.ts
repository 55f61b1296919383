import type { VerifyOptions, VerifyReport } from '@tillstream/engine';
import { verifyFinals } from '@tillstream/engine';
import { MemoryLogReader } from '@tillstream/engine/testing';
import type { World } from './world';

/** Reads a world that stands still, without taking turns with anybody. */
export function readerOf(world: World): MemoryLogReader {
  const turn = { wait: (): Promise<'ready'> => Promise.resolve('ready') };
  return new MemoryLogReader(world.broker, turn, () => world.scheduler.nowMs, 16);
}

/** What `till verify` says of a world. */
export function verified(world: World, options: Partial<VerifyOptions> = {}): Promise<VerifyReport> {
  const { definition } = world;
  return verifyFinals({
    reader: readerOf(world),
    definition,
    metrics: definition.metrics,
    fromMs: -Infinity,
    toMs: Infinity,
    ...options,
  });
}

/** Everything that a verification has found wrong, in words. */
export function problemsOf({ differences, awaited, unverified }: VerifyReport): readonly string[] {
  return [
    ...differences.map(
      ({ kind, metric, startMs, group, first }) =>
        `${kind}: ${metric} ${new Date(startMs).toISOString()} ${JSON.stringify(group)} ${JSON.stringify(first)}`,
    ),
    ...(awaited > 0 ? [`${awaited} finals are awaited`] : []),
    ...(unverified === null ? [] : [`not verified: ${unverified}`]),
  ];
}
