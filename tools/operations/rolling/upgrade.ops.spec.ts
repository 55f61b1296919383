import type { ServiceName, ServiceProcess } from '../../e2e/platform';
import { Platform, settled } from '../../e2e/platform';
import { plainTrackedShop, trackedShop } from '../../e2e/tracked-shop';
import { QueryClient } from '../../rig/query-client';
import { differences } from '../../simulate/verdict';
import { previousVersion } from './previous-version';
import { SteadyShop } from './steady-shop';

const START_MS = Date.now() - 2 * 3_600_000;
/** As docs/upgrading.md has it: who reads before who writes. */
const ORDER: readonly ServiceName[] = ['query-api', 'session-tracker', 'aggregator', 'enricher', 'gateway'];
const WORKERS: readonly ServiceName[] = ['session-tracker', 'aggregator', 'enricher'];
/** Deliveries while each mixture of versions works. */
const MORE = 100;

const previous = previousVersion();
if (previous === null)
  process.stderr.write('the version before is not in this clone: upgrades from it are not tested\n');

(previous === null ? describe.skip : describe)('an upgrade under load, from the version before', () => {
  const platform = new Platform(trackedShop);
  const now = `${process.cwd()}/dist/apps`;
  const before = previous?.programs ?? '';
  let shop: SteadyShop;

  beforeAll(async () => {
    await platform.createTopics();
    for (const service of [...ORDER].reverse()) await platform.start(service, before);
    await platform.allReady();
    shop = new SteadyShop(platform, START_MS);
  }, 180_000);

  afterAll(async () => {
    await shop.close().catch(() => undefined);
    await platform.stop();
  }, 60_000);

  it('goes service by service, back and forth, and answers are what the raw log demands', async () => {
    const old = [...platform.processes];
    const added: ServiceProcess[] = [];
    for (const service of ORDER) added.push(await platform.start(service, now));
    await platform.allReady();
    await shop.more(MORE);
    // Something is wrong with it, somebody thinks: what the new version has written is read by the old one.
    const workers = added.filter(({ service }) => WORKERS.includes(service));
    for (const worker of workers) await change(worker, before);
    await shop.more(MORE);
    for (const process of old) await change(process, now);
    for (const worker of workers) expect(await platform.end(worker, 'SIGTERM')).toBe(0);
    await shop.more(MORE);
    await shop.close();
    await platform.advance(START_MS + 5_400_000);
    await settled(platform, (readTopic) => differences(platform.definition, plainTrackedShop, readTopic));
    const readers = platform.processes.filter(({ service }) => service === 'query-api');
    const [first, second] = await Promise.all(readers.map(answersOf));
    expect(first).not.toHaveLength(0);
    expect(second).toEqual(first);
  }, 500_000);

  /** Ends a process in order and starts the one of another version in its place. */
  async function change(replica: ServiceProcess, programs: string): Promise<void> {
    expect([replica.service, await platform.end(replica, 'SIGTERM')]).toEqual([replica.service, 0]);
    replica.programs = programs;
    platform.startAgain(replica);
    await platform.ready(replica);
  }

  async function answersOf({ grpc }: ServiceProcess): Promise<readonly unknown[]> {
    const client = new QueryClient(`127.0.0.1:${grpc}`);
    try {
      const question = { stream: platform.stream, metric: 'revenue_by_category', pageSize: 10_000 };
      return (await client.listWindows(question)).windows;
    } finally {
      client.close();
    }
  }
});
