import type { Client } from '../clients';
import { httpClient, newAgent, Tally } from '../clients';
import type { LoadEvent } from '../events';
import { eventOf } from '../events';
import { Gauges } from '../gauges';
import { BEHIND_MS, Load } from '../load';
import { quantiles, type Report } from '../report';
import { checkResults } from '../results';
import { Rig } from '../rig';
import type { OwnServers } from '../../rig/own-servers';
import type { Extreme } from './scenario';

const BODY_EVENTS = 1_000;
const SENDERS = 4;
const SHAPE = { users: 1_000, categories: 20 };
const WINDOW_MS = 300_000;

/** All events for one user, so in one partition, one group and one window. */
export const oneUser: Extreme = {
  name: 'one-user',
  about: '100,000 events of one user',
  run: (report, share, servers) =>
    send(report, servers, Math.round(100_000 * share), (number, timeMs) => ({
      ...eventOf(number, timeMs, SHAPE),
      user: 7,
    })),
};

/** Every event is of another user, all within one window; each tenth of them buys for more than 100. */
export const manyUsers: Extreme = {
  name: 'many-users',
  about: '1,000,000 users in one window',
  run: (report, share, servers) =>
    send(report, servers, Math.round(1_000_000 * share), (number, timeMs) => ({
      ...eventOf(number, timeMs, SHAPE),
      user: number,
      type: number % 10 === 0 ? 'purchase' : 'page_view',
      cents: 200_00,
    })),
};

/** Purchases spread evenly over categories. */
export const manyCategories: Extreme = {
  name: 'many-categories',
  about: '10,000 categories',
  run: (report, share, servers) => {
    const categories = Math.round(10_000 * share);
    return send(report, servers, 20 * categories, (number, timeMs) => ({
      ...eventOf(number, timeMs, SHAPE),
      type: 'purchase',
      category: `category-${number % categories}`,
    }));
  },
};

/** Sends events that all happen at one instant in the middle of a window, then compares everything. */
async function send(
  report: Report,
  servers: OwnServers | undefined,
  count: number,
  make: (number: number, timeMs: number) => LoadEvent,
): Promise<void> {
  await Rig.with({ servers }, async (rig) => {
    const load = new Load(SHAPE);
    const tally = new Tally();
    const agent = newAgent();
    const client = httpClient(rig.service('gateway').http, rig.platform.stream, tally, agent);
    const timeMs = Math.floor((Date.now() - BEHIND_MS) / WINDOW_MS) * WINDOW_MS + WINDOW_MS / 2;
    const gauges = new Gauges(rig.processes);
    const beganMs = performance.now();
    await Promise.all(Array.from({ length: SENDERS }, () => sendOn(client, load, count, timeMs, make)));
    report.figure(
      'handed in',
      `${load.count} events in ${((performance.now() - beganMs) / 1_000).toFixed(1)} s; ${tally.text}`,
    );
    report.figure('a body was taken after', quantiles(tally.waits));
    await checkResults(rig, load, report);
    report.figure('until all was final', `${((performance.now() - beganMs) / 1_000).toFixed(1)} s`);
    report.usage('memory and CPU', gauges.stop());
    agent.destroy();
  });
}

async function sendOn(
  client: Client,
  load: Load,
  count: number,
  timeMs: number,
  make: (number: number, timeMs: number) => LoadEvent,
): Promise<void> {
  while (load.count < count) {
    const events: string[] = [];
    for (let left = Math.min(BODY_EVENTS, count - load.count); left > 0; left -= 1) {
      events.push(load.add(make(load.count, timeMs)));
    }
    await client.publish(Buffer.from(`[${events.join(',')}]`));
  }
}
