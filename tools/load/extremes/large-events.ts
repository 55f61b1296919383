import { MAX_BODY_BYTES, MAX_EVENT_BYTES } from '@tillstream/contracts';
import { WRITE_KEY } from '../../e2e/platform';
import { httpClient, newAgent, Tally } from '../clients';
import type { LoadEvent } from '../events';
import { eventOf } from '../events';
import { Gauges } from '../gauges';
import { BEHIND_MS, Load } from '../load';
import { checkResults } from '../results';
import type { Rig as RunningRig } from '../rig';
import { Rig } from '../rig';
import type { Extreme } from './scenario';

const SHAPE = { users: 50, categories: 20 };
const HUNDRED_KB = 100_000;

/** Events of 100 KB and of the most an event may have, bodies of the most a body may have; one byte more of either is refused. */
export const largeEvents: Extreme = {
  name: 'large-events',
  about: 'events of 100 KB and 512 KiB, bodies of 8 MiB',
  run: (report, share, servers) =>
    Rig.with({ servers }, async (rig) => {
      const load = new Load(SHAPE);
      const agent = newAgent();
      const tally = new Tally();
      const client = httpClient(rig.service('gateway').http, rig.platform.stream, tally, agent);
      const timeMs = Date.now() - BEHIND_MS;
      const sized = (bytes: number): string => padded(load, eventOf(load.count, timeMs, SHAPE), bytes);
      const gauges = new Gauges(rig.processes);

      for (let sent = 0; sent < 500 * share; sent += 10) {
        await client.publish(bodyOf(Array.from({ length: 10 }, () => sized(HUNDRED_KB))));
      }
      for (let sent = 0; sent < 100 * share; sent += 1) await client.publish(Buffer.from(sized(MAX_EVENT_BYTES)));
      for (let sent = 0; sent < 20 * share; sent += 1) await client.publish(fullBody(sized));
      report.figure('handed in', `${load.count} events; ${tally.text}`);

      const tooLarge = `{"event_id":"x","pad":"${'x'.repeat(MAX_EVENT_BYTES)}"}`;
      report.check(
        'an event of a byte more than 512 KiB is refused',
        await isRefused(rig, tooLarge.slice(0, -3) + '"}', 400),
      );
      report.check(
        'a body of a byte more than 8 MiB is refused',
        await isRefused(rig, ' '.repeat(MAX_BODY_BYTES + 1), 413),
      );
      await checkResults(rig, load, report);
      report.usage('memory and CPU', gauges.stop());
      agent.destroy();
    }),
};

/** The event with a field that makes it exactly so many bytes long. */
function padded(load: Load, event: LoadEvent, bytes: number): string {
  const bare = load.add(event);
  return `${bare.slice(0, -1)},"note":"${'n'.repeat(bytes - bare.length - ',"note":""'.length)}"}`;
}

const bodyOf = (events: readonly string[]): Buffer => Buffer.from(`[${events.join(',')}]`);

/** A body of exactly MAX_BODY_BYTES: events of 100 KB, and spaces between them. */
function fullBody(sized: (bytes: number) => string): Buffer {
  const count = Math.floor((MAX_BODY_BYTES - 2) / (HUNDRED_KB + 1));
  const text = Array.from({ length: count }, () => sized(HUNDRED_KB)).join(',');
  return Buffer.from(`[${text}${' '.repeat(MAX_BODY_BYTES - text.length - 2)}]`);
}

async function isRefused(rig: RunningRig, body: string, status: number): Promise<boolean> {
  const answer = await fetch(
    `http://127.0.0.1:${rig.service('gateway').http}/v1/streams/${rig.platform.stream}/events`,
    { method: 'POST', headers: { authorization: `Bearer ${WRITE_KEY}`, 'content-type': 'application/json' }, body },
  );
  return answer.status === status;
}
