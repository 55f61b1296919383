import type { ServiceProcess } from '../stage/service-process';

/**
 * The rule: when everything has come to rest, what a full collection leaves of a service's heap and buffers is at most so
 * much more than the most that a fresh process of the same service had before the first event. The state of a run is a few
 * hundred groups, far below it; what grows with every failure (timers, listeners, requests without an answer, buffers of
 * dead connections) is not, once there have been enough of them. A fresh process that has not fetched anything yet has ten
 * MiB less than one that has: the room is for that, too.
 */
const MORE_BYTES = 24 * 1024 * 1024;

/** Live bytes of each process, by the name of its slot. */
export async function liveBytes(slots: readonly ServiceProcess[]): Promise<ReadonlyMap<string, number>> {
  const running = slots.filter((slot) => slot.isRunning());
  return new Map(await Promise.all(running.map(async (slot) => [slot.name, await slot.liveBytes()] as const)));
}

/** Processes that have not come back to their level. */
export function swollen(
  slots: readonly Pick<ServiceProcess, 'name' | 'service'>[],
  before: ReadonlyMap<string, number>,
  after: ReadonlyMap<string, number>,
): readonly string[] {
  return slots.flatMap(({ name, service }) => {
    const levels = slots.filter((slot) => slot.service === service).map((slot) => before.get(slot.name) ?? 0);
    const [level, now] = [Math.max(...levels), after.get(name) ?? 0];
    return now > level + MORE_BYTES ? [`${name} holds ${mib(now)} MiB; a fresh one holds ${mib(level)} MiB`] : [];
  });
}

function mib(bytes: number): string {
  return (bytes / 1024 / 1024).toFixed(1);
}
