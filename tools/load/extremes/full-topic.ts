import { partitionOfKey } from '../../oracle/raw/murmur2';
import { httpClient, newAgent, Tally } from '../clients';
import { eventOf, userId } from '../events';
import { Gauges } from '../gauges';
import { BEHIND_MS, Load } from '../load';
import { checkResults } from '../results';
import { Rig } from '../rig';
import type { Extreme } from './scenario';

const EVENTS = 1_000_000;
const BODY_EVENTS = 1_000;
const SPAN_MS = 2 * 3_600_000;
const USERS = 4_000;
const SHAPE = { users: USERS, categories: 50 };
const FULL_PARTITION = 0;
/** Of four events so many belong to the full partition. */
const FULL_OF_FOUR = 3;

/**
 * Two hours of events lie in the topic before anybody reads them, most of them in one partition: read at the same pace,
 * that partition's time is far behind that of the others all the while. Nothing may be late that was not late live.
 */
export const fullTopic: Extreme = {
  name: 'full-topic',
  about: '1,000,000 events of two hours, three of four in one partition, before anybody reads',
  run: (report, share, servers) =>
    Rig.with({ services: ['gateway'], servers }, async (rig) => {
      const { platform } = rig;
      const load = new Load(SHAPE);
      const agent = newAgent();
      const tally = new Tally();
      const client = httpClient(rig.service('gateway').http, platform.stream, tally, agent);
      const { partitions } = platform.definition.schema;
      const everybody = Array.from({ length: USERS }, (_, user) => user);
      const isFull = (user: number): boolean => partitionOfKey(userId(user), partitions) === FULL_PARTITION;
      const crowded = everybody.filter(isFull);
      const others = everybody.filter((user) => !isFull(user));
      const count = Math.round(EVENTS * share);
      const fromMs = Date.now() - BEHIND_MS - SPAN_MS;
      while (load.count < count) {
        const events = Array.from({ length: Math.min(BODY_EVENTS, count - load.count) }, () => {
          const number = load.count;
          const users = number % 4 < FULL_OF_FOUR ? crowded : others;
          const event = eventOf(number, fromMs + Math.floor((number * SPAN_MS) / count), SHAPE);
          return load.add({ ...event, user: users[event.user % users.length] ?? 0 });
        });
        await client.publish(Buffer.from(`[${events.join(',')}]`));
      }
      agent.destroy();
      const ends = await Promise.all(
        Array.from({ length: partitions }, (_, partition) =>
          platform.reader.end(platform.definition.topics.raw, partition),
        ),
      );
      report.figure('handed in', `${load.count} events; ${tally.text}; raw records by partition: ${ends.join(', ')}`);

      const beganMs = performance.now();
      for (const service of ['enricher', 'aggregator', 'query-api'] as const) await platform.start(service);
      const gauges = new Gauges(rig.processes);
      await platform.allReady();
      await checkResults(rig, load, report);
      report.figure('from the start until all was final', `${((performance.now() - beganMs) / 1_000).toFixed(1)} s`);
      const late = await platform.readTopic(platform.definition.topics.late);
      report.check('no event was late', late.flat().length === 0, `${late.flat().length} records of late events`);
      report.usage('memory and CPU', gauges.stop());
    }),
};
