import { encodeControl } from '@tillstream/contracts';
import { AGGREGATOR, ENRICHER, TRACKER } from '@tillstream/engine';
import { SeededRandom } from '@tillstream/engine/testing';
import { Workload } from '../simulate/workload';
import type { World } from '../simulate/world';

const DAY_MS = 86_400_000;
/** Nothing has been written for so long: whatever was going to happen has happened. */
const QUIET_MS = 25_000;
const PAUSE_MS = 3_000;
/** Now and then nobody comes for so long: windows and visits end. */
const LULL_MS = 25 * 60_000;
const DELIVERIES_BETWEEN_LULLS = 12;

/** One of each service that works on the log. */
export function startServices(world: World): void {
  for (const service of [ENRICHER, AGGREGATOR, TRACKER] as const) world.start(service);
}

export interface Shopping {
  readonly seed: number;
  readonly deliveries: number;
  /** What the ids of its events begin with. */
  readonly idPrefix: string;
}

/** People shop, while the services work; returns as soon as the last event has been taken, in the middle of everything. */
export async function shop(world: World, { seed, deliveries, idPrefix }: Shopping): Promise<void> {
  const { scheduler, definition } = world;
  const shape = { users: 12, spacingMs: 4_000, disorderMs: 5_000, late: 0.05, duplicates: 0.05, bad: 0.04 };
  const workload = new Workload(new SeededRandom(seed), {
    ...{ ...shape, misplaced: 0.1, idPrefix },
    ...{ partitions: definition.schema.partitions, startMs: scheduler.nowMs },
  });
  const clients = world.spawnWriter(`clients-${idPrefix}`);
  for (let i = 0; i < deliveries; i += 1) {
    let isTaken = false;
    const sent = workload.next(scheduler.nowMs);
    void Promise.all(
      sent.map(({ partition, records }) => clients.writer.append(definition.topics.raw, partition, records)),
    ).then(() => (isTaken = true));
    await scheduler.runUntil(() => isTaken);
    const untilMs = scheduler.nowMs + PAUSE_MS;
    await scheduler.runUntil(() => scheduler.nowMs >= untilMs);
    if (i % DELIVERIES_BETWEEN_LULLS === DELIVERIES_BETWEEN_LULLS - 1) scheduler.nowMs += LULL_MS;
    workload.leapTo(scheduler.nowMs);
  }
}

/** Two days pass, and somebody says so: every window closes. */
export async function closeAll(world: World): Promise<void> {
  const { scheduler, definition, broker } = world;
  scheduler.nowMs += 2 * DAY_MS;
  const toMs = scheduler.nowMs;
  const writer = world.spawnWriter('close');
  let told = 0;
  for (let partition = 0; partition < definition.schema.partitions; partition += 1) {
    void writer.writer
      .append(definition.topics.raw, partition, [encodeControl({ kind: 'advance', toMs })])
      .then(() => (told += 1));
  }
  await scheduler.runUntil(() => told === definition.schema.partitions);
  await rest(world);
  if (broker.appended === 0) throw new Error('nothing was ever written');
}

/** Until nobody writes any more. */
export async function rest({ broker, scheduler }: World): Promise<void> {
  let appended = broker.appended;
  let sinceMs = scheduler.nowMs;
  await scheduler.runUntil(() => {
    if (broker.appended !== appended) {
      appended = broker.appended;
      sinceMs = scheduler.nowMs;
    }
    return scheduler.nowMs - sinceMs > QUIET_MS;
  });
}
