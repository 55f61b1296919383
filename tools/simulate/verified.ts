import { streamsOf } from '@tillstream/contracts';
import type { VerifyOptions, VerifyReport, VerifyVisitsOptions, VerifyVisitsReport } from '@tillstream/engine';
import { readDefinitions, verifyFinals, verifyVisits } from '@tillstream/engine';
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
    metrics: streamsOf(definition).flatMap(({ metrics }) => metrics),
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

/** What `till verify` says of the sessions and attributions of a world, under the stream file that was put live last. */
export async function verifiedVisits(
  world: World,
  options: Partial<VerifyVisitsOptions> = {},
): Promise<VerifyVisitsReport> {
  const reader = readerOf(world);
  const { newest: definition } = await readDefinitions(reader, world.definition);
  return verifyVisits({ reader, definition, fromMs: -Infinity, toMs: Infinity, ...options });
}

/** Everything that such a verification has found wrong, in words. */
export function visitProblemsOf({ differences, visits, unverified }: VerifyVisitsReport): readonly string[] {
  return [
    ...differences.map(({ kind, of, id, first }) => `${kind}: ${of} ${id} ${JSON.stringify(first)}`),
    ...visits.flatMap(({ of, awaited }) => (awaited > 0 ? [`${awaited} ${of} are awaited`] : [])),
    ...(unverified === null ? [] : [`not verified: ${unverified}`]),
  ];
}
