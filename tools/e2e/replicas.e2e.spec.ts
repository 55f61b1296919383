import { SeededRandom } from '@tillstream/engine/testing';
import { differences } from '../simulate/verdict';
import { Workload } from '../simulate/workload';
import type { ServiceProcess } from './platform';
import { Platform, emptyStoreOf, settled, until } from './platform';
import { openOnEveryReplica, plainTrackedShop, trackedShop } from './tracked-shop';

const DELIVERIES = 600;
const WORKERS = ['enricher', 'aggregator', 'session-tracker'] as const;
/** All who may be here: those who have not logged in have a name of their own. */
const USERS = Array.from({ length: 30 }, (_, i) => [`u${i}`, `anon-u${i}`]).flat();
const START_MS = Date.now() - 2 * 3_600_000;

describe('two replicas of enricher, aggregator and session-tracker', () => {
  const platform = new Platform(trackedShop);

  beforeAll(async () => {
    await platform.createTopics();
    await platform.startAll(WORKERS);
  }, 120_000);

  afterAll(() => platform.stop(), 60_000);

  it('share the partitions, and answers stay equal while one comes and one is killed, and a store is emptied', async () => {
    const workload = new Workload(new SeededRandom(7), {
      partitions: platform.definition.schema.partitions,
      users: 30,
      startMs: START_MS,
      spacingMs: 400,
      disorderMs: 5_000,
      late: 0.02,
      duplicates: 0.02,
      bad: 0.02,
      misplaced: 0.1,
    });
    const send = async (deliveries: number): Promise<void> => {
      for (let i = 0; i < deliveries; i += 1) {
        const some = workload.next(START_MS + 3_600_000);
        await Promise.all(
          some.map(({ partition, records }) =>
            platform.writer.append(platform.definition.topics.raw, partition, records),
          ),
        );
      }
    };
    await send(DELIVERIES / 3);
    const more: ServiceProcess[] = [];
    for (const service of WORKERS) more.push(await platform.start(service));
    await send(DELIVERIES / 3);
    await platform.allReady();
    await until('the new replicas to have partitions', 60_000, async () => {
      const lines = await Promise.all(more.map(({ http }) => platform.metric(http, 'tillstream_lag_records')));
      return lines.every((values) => values.length > 0);
    });
    expect(await openOnEveryReplica(platform, USERS)).toBeGreaterThan(0);
    for (const replica of more) await platform.kill(replica);
    await send(DELIVERIES / 6);
    await emptyStoreOf(platform, 'tracker');
    await send(DELIVERIES / 6);
    await platform.advance(START_MS + 5_400_000);
    await settled(platform, (readTopic) => differences(platform.definition, plainTrackedShop, readTopic));
  }, 240_000);
});
