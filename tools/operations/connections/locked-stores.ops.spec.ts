import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Authority, FilesForTests, writePair } from '@tillstream/config/testing';
import { startBroker, startRedis } from '@tillstream/local';
import { Redis } from 'ioredis';
import { withQuickLake } from '../../e2e/lake/lake-rows';
import { Platform, SERVICES, until } from '../../e2e/platform';
import { post } from '../../e2e/through-gateway';
import { till } from '../../e2e/till';
import { trackedShop } from '../../e2e/tracked-shop';
import { serviceUser } from './service-user';

const WITHIN_MS = 60_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** Time of a stream is never ahead of the clock: for windows to be closed the events are of hours ago. */
const START_MS = Math.floor(Date.now() / HOUR_MS) * HOUR_MS - 4 * HOUR_MS;
const KAFKA_USER = 'tillstream';

let directory: string;
let files: FilesForTests;
let broker: Awaited<ReturnType<typeof startBroker>>;
let redis: Awaited<ReturnType<typeof startRedis>>;
let platform: Platform;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'tillstream-locked-'));
  mkdirSync(join(directory, 'platform'));
  files = new FilesForTests();
  const authority = await Authority.create('ours');
  const ca = authority.pem;
  const server = await authority.sign('server');
  const client = writePair(files.directory, 'client', await authority.sign('client'));
  [broker, redis] = await Promise.all([
    startBroker({
      dataDir: join(directory, 'kafka'),
      doors: { ca, ...server, users: { [KAFKA_USER]: 'kafka-secret' } },
    }),
    startRedis({
      dataDir: join(directory, 'redis'),
      tls: { ca, ...server, clientCertificates: 'yes' },
      users: [serviceUser('redis-secret'), 'admin on >admin ~* +@all', 'default off'],
    }),
  ]);
  const trusted = files.put('ca.pem', ca);
  platform = new Platform(
    (text) => withQuickLake(trackedShop(text)),
    {
      KAFKA_BROKERS: broker.doors.saslTls,
      KAFKA_SSL: 'true',
      KAFKA_SSL_CA_FILE: trusted,
      KAFKA_SASL_MECHANISM: 'scram-sha-512',
      KAFKA_SASL_USERNAME: KAFKA_USER,
      KAFKA_SASL_PASSWORD_FILE: files.put('kafka-password', 'kafka-secret'),
      REDIS_URL: `rediss://127.0.0.1:${redis.tlsPort}`,
      REDIS_CA_FILE: trusted,
      REDIS_CERT_FILE: client.certFile,
      REDIS_KEY_FILE: client.keyFile,
      REDIS_USERNAME: 'tillstream',
      REDIS_PASSWORD_FILE: files.put('redis-password', 'redis-secret'),
    },
    // The test itself goes by the door without a lock.
    { brokers: [broker.address], redisUrl: redis.address, directory: join(directory, 'platform') },
  );
  await platform.createTopics();
  await platform.startAll([...SERVICES, 'sink-writer']);
}, 180_000);

afterAll(async () => {
  await platform?.stop();
  await Promise.all([broker?.stop(), redis?.stop()]);
  files.remove();
  rmSync(directory, { recursive: true, force: true });
}, 60_000);

/** As many people buy for 12 each, so long after the beginning, and their hour comes to its end. */
async function sell(people: number, afterMs: number): Promise<void> {
  const timestamp = new Date(START_MS + afterMs).toISOString();
  const events = Array.from({ length: people }, (_, index) => ({
    ...{ event_id: `${afterMs}-${index}`, event_type: 'purchase', timestamp, user_id: `user-${index}` },
    ...{ category: 'books', price: 12, quantity: 1 },
  }));
  await until('the gateway to take them', WITHIN_MS, async () => {
    const answer = await post(platform, JSON.stringify(events));
    return answer.status === 202;
  });
  await platform.advance(START_MS + afterMs + HOUR_MS);
}

/** Lines that the command line prints, as JSON. */
async function lines(...args: readonly string[]): Promise<readonly string[]> {
  const [command = '', ...more] = args;
  const { code, stdout, stderr } = await till(platform, command, ...more, '--json');
  if (code !== 0) throw new Error(stderr);
  return stdout.split('\n').filter((line) => line !== '');
}

/** The revenue of each window that has been closed, in their order. */
const revenues = async (): Promise<readonly string[]> =>
  (await lines('query', 'windows', 'revenue_by_category', '--all', '--final')).map(
    (line) => (JSON.parse(line) as { measures: { total_revenue: string } }).measures.total_revenue,
  );

/** How many events are in the lake. */
async function eventsInLake(): Promise<number> {
  const file = join(directory, 'events.ndjson');
  rmSync(file, { force: true }); // `export` writes over nothing
  const { code } = await till(platform, 'export', 'events', file);
  return code === 0 ? readFileSync(file, 'utf8').split('\n').length - 1 : 0;
}

/** Windows are a minute long and begin every half: what is bought at once is in two. */
async function untilSold(...sums: readonly string[]): Promise<void> {
  const expected = sums.flatMap((sum) => [sum, sum]);
  await until(`windows of ${sums.join(', ')}`, WITHIN_MS, async () => (await revenues()).join() === expected.join());
}

describe('a platform whose Kafka and Redis are behind TLS and logins', () => {
  it('tells what was bought and who was here, and has it in the lake: no service is kept from what it needs', async () => {
    await sell(5, MINUTE_MS);
    await untilSold('60.00');
    await until('the visits to be over', WITHIN_MS, async () => (await lines('sessions')).length === 5);
    await until('the lake to have them', WITHIN_MS, async () => (await eventsInLake()) === 5);
  }, 180_000);

  it('goes on with passwords that were changed while it runs', async () => {
    files.put('kafka-password', 'kafka-changed');
    await broker.setScramPassword(KAFKA_USER, 'kafka-changed');
    files.put('redis-password', 'redis-changed');
    const admin = new Redis(redis.address, { username: 'admin', password: 'admin' });
    await admin.call('ACL', 'SETUSER', 'tillstream', 'resetpass', '>redis-changed');
    await admin.call('CLIENT', 'KILL', 'USER', 'tillstream');
    admin.disconnect();
    await broker.restart(); // nobody keeps a connection
    await sell(7, 2 * HOUR_MS);
    await untilSold('60.00', '84.00');
    await until('the visits to be over', WITHIN_MS, async () => (await lines('sessions')).length === 12);
    await until('the lake to have them', WITHIN_MS, async () => (await eventsInLake()) === 12);
  }, 240_000);
});
