import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from './clients';
import type { Load } from './load';

export interface Pace {
  readonly eventsPerSecond: number;
  readonly bodyEvents: number;
}

/** Bodies leave on time, whatever becomes of those before; resolves when it is over and all have been acknowledged. */
export async function sendSteadily(
  clients: readonly Client[],
  load: Load,
  { eventsPerSecond, bodyEvents }: Pace,
  isOver: () => boolean,
): Promise<void> {
  const everyMs = (bodyEvents / eventsPerSecond) * 1_000;
  const sending: Promise<void>[] = [];
  for (let dueMs = performance.now(), i = 0; !isOver(); dueMs += everyMs, i += 1) {
    await sleep(Math.max(0, dueMs - performance.now()));
    const client = clients[i % clients.length] as Client;
    sending.push(client.publish(load.body(bodyEvents)));
  }
  await Promise.all(sending);
}
