import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  openRedis,
  RedisCheckpointStore,
  redisFault,
  verifyConnection,
  type RedisConnection,
} from '@tillstream/adapter-redis';
import { explainRedisFault, parseEnvironment, redisConfig, redisRule, redisVariables } from '@tillstream/config';
import type { Environment } from '@tillstream/config';
import { Authority, FilesForTests, writePair } from '@tillstream/config/testing';
import { describeCheckpointStore } from '@tillstream/engine/testing';
import { startRedis, startRedisCluster, startRedisSentinels } from '@tillstream/local';
import { until } from '../../e2e/platform';
import { serviceUser } from './service-user';

jest.setTimeout(120_000);

const TASK = 'agg:commerce:0';
const START = { inc: 'i', next: 0, seek: 0, state: Buffer.from('start') };
const directory = mkdtempSync(join(tmpdir(), 'tillstream-redis-'));
const files = new FilesForTests();
const opened: RedisConnection[] = [];

/** What a service makes of these variables. */
const serverOf = (environment: Environment) => redisConfig(parseEnvironment(redisVariables, environment, [redisRule]));

/** A connection until the end of the test. */
function open(environment: Environment): RedisConnection {
  const connection = openRedis(serverOf(environment));
  opened.push(connection);
  return connection;
}

async function reasonOf(environment: Environment): Promise<string> {
  try {
    const problems = await verifyConnection(open(environment));
    return problems.map(({ message, remedy }) => `${message}. ${remedy}`).join(' ') || 'no failure';
  } catch (error) {
    return explainRedisFault(redisFault(error)) ?? `unexplained: ${String(error)}`;
  }
}

/** Commits as a task does, and gives what there is then. */
async function commitOnce(store: RedisCheckpointStore, task = TASK): Promise<string> {
  await store.create(task, 'a', START);
  const fence = { inc: 'i', token: 'a', next: 0 };
  const deltas = [{ slice: 's', rawFrom: 0, rawNext: 1, bytes: Buffer.from('d') }];
  const fields = { puts: [{ field: Buffer.from('f'), bytes: Buffer.from('v') }], drops: [] };
  await store.commit(task, {
    fence,
    next: 1,
    seek: 1,
    state: Buffer.from('one'),
    deltas,
    rewrites: [],
    drops: [],
    fields,
  });
  const claimed = await store.claim(task, 'b');
  return `${claimed?.next} ${String(Buffer.from(claimed?.state ?? ''))}`;
}

afterEach(() => {
  for (const { commands } of opened.splice(0)) commands.disconnect();
});
afterAll(() => {
  files.remove();
  rmSync(directory, { recursive: true, force: true });
});

describe('Redis with TLS and users', () => {
  let redis: Awaited<ReturnType<typeof startRedis>>;
  const port = (): string => `127.0.0.1:${redis.tlsPort}`;

  beforeAll(async () => {
    const authority = await Authority.create('ours');
    const server = await authority.sign('redis');
    files.put('ca.pem', authority.pem);
    writePair(files.directory, 'client', await authority.sign('client'));
    files.put('stranger.pem', (await Authority.create('strangers')).pem);
    redis = await startRedis({
      dataDir: join(directory, 'tls'),
      tls: { ca: authority.pem, ...server, clientCertificates: 'yes' },
      users: [serviceUser('secret'), 'reader on >reading ~* +@read +info +hello +client', 'default off'],
    });
  });
  afterAll(() => redis?.stop());

  const path = (name: string): string => join(files.directory, name);
  const tls = (): Environment => ({
    ...{ REDIS_URL: `rediss://${port()}`, REDIS_CA_FILE: path('ca.pem') },
    ...{ REDIS_CERT_FILE: path('client.pem'), REDIS_KEY_FILE: path('client.key') },
  });
  const user = (): Environment => ({ REDIS_USERNAME: 'tillstream', REDIS_PASSWORD: 'secret' });

  it('keeps checkpoints for a user who may do no more than that', async () => {
    const connection = open({ ...tls(), ...user() });
    expect(await verifyConnection(connection)).toEqual([]);
    const store = new RedisCheckpointStore(connection.commands);
    expect(await commitOnce(store)).toBe('1 one');
    expect(await store.countAttempt(TASK, 1)).toBe(1);
    expect(await store.readField(TASK, Buffer.from('f'))).toMatchObject({ next: 1 });
    for await (const { slice } of store.load(TASK, 1)) expect(slice).toBe('s');
    for await (const page of store.loadFields(TASK)) expect(page).toHaveLength(1);
  });

  it.each<[string, () => Environment, RegExp]>([
    ['no TLS where it is wanted', () => ({ REDIS_URL: `redis://${port()}` }), /rediss:\/\//],
    [
      'TLS where there is none',
      () => ({ ...tls(), REDIS_URL: `rediss://127.0.0.1:${redis.port}` }),
      /nobody who speaks TLS if it begins with rediss|with redis:\/\//,
    ],
    ['an authority that has not vouched', () => ({ ...tls(), REDIS_CA_FILE: path('stranger.pem') }), /REDIS_CA_FILE/],
    [
      'no certificate where one is wanted',
      () => ({ REDIS_URL: `rediss://${port()}`, REDIS_CA_FILE: path('ca.pem'), ...user() }),
      /REDIS_CERT_FILE/,
    ],
    ['a wrong password', () => ({ ...tls(), ...user(), REDIS_PASSWORD: 'other' }), /REDIS_PASSWORD is wrong/],
    ['no login where one is wanted', () => tls(), /set REDIS_PASSWORD/],
    [
      'a Cluster where there is none',
      () => ({ ...tls(), ...user(), REDIS_CLUSTER: 'true' }),
      /REDIS_CLUSTER=false|REDIS_USERNAME/,
    ],
    ['nobody there', () => ({ REDIS_URL: 'redis://127.0.0.1:1' }), /nobody answers at REDIS_URL/],
  ])('names the variable to look at: %s', async (_what, environment, reason) => {
    expect(await reasonOf(environment())).toMatch(reason);
  });

  it('names the user who may not do what is asked', async () => {
    const { commands } = open({ ...tls(), REDIS_USERNAME: 'reader', REDIS_PASSWORD: 'reading' });
    const error: unknown = await new RedisCheckpointStore(commands).create(TASK, 'a', START).catch((e: unknown) => e);
    expect(explainRedisFault(redisFault(error))).toMatch(/REDIS_USERNAME/);
  });
});

describe('a Redis Cluster', () => {
  let cluster: Awaited<ReturnType<typeof startRedisCluster>>;

  beforeAll(async () => {
    cluster = await startRedisCluster({ dataDir: join(directory, 'cluster'), replicated: true });
  });
  afterAll(() => cluster?.stop());

  const environment = (): Environment => ({ REDIS_URL: cluster.address, REDIS_CLUSTER: 'true' });

  describeCheckpointStore('a Redis Cluster', async () => {
    const connection = openRedis(serverOf(environment()));
    const prefix = `${Math.random().toString(36).slice(2)}:`;
    const keysOf = async (): Promise<
      { key: string; dump: Buffer; on: Awaited<ReturnType<typeof connection.masters>>[0] }[]
    > => {
      const masters = await connection.masters();
      const found = await Promise.all(
        masters.map(async (on) => {
          const keys = await on.keys(`${prefix}*`);
          return Promise.all(keys.map(async (key) => ({ key, dump: await on.dumpBuffer(key), on })));
        }),
      );
      return found.flat();
    };
    const lose = async (): Promise<void> => {
      for (const { key, on } of await keysOf()) await on.del(key);
    };
    return {
      store: new RedisCheckpointStore(connection.commands, { prefix }),
      lose,
      snapshot: async () => {
        const kept = await keysOf();
        return async () => {
          await lose();
          for (const { key, dump, on } of kept) await on.restore(key, 0, dump);
        };
      },
      close: async () => {
        await lose();
        connection.commands.disconnect();
      },
    };
  });

  it('spreads tasks over the nodes, and goes on when one of them fails', async () => {
    const connection = open(environment());
    expect(await verifyConnection(connection)).toEqual([]);
    const store = new RedisCheckpointStore(connection.commands);
    const tasks = Array.from({ length: 12 }, (_, index) => `agg:commerce:${index}`);
    for (const task of tasks) expect(await commitOnce(store, task)).toBe('1 one');
    const sizes = await Promise.all((await connection.masters()).map((master) => master.dbsize()));
    expect(sizes.filter((size) => size > 0)).toHaveLength(cluster.masters.length);
    await cluster.masters[0]?.kill();
    await until('every task to be claimed again', 30_000, async () => {
      const claimed = await Promise.all(tasks.map((task) => store.claim(task, 'c').catch(() => null)));
      return claimed.every((found) => found?.next === 1);
    });
  });

  it('is told apart from one server', async () => {
    const [, first] = cluster.masters;
    expect(await reasonOf({ REDIS_URL: first!.address })).toMatch(/REDIS_CLUSTER=true/);
  });
});

describe('Redis with Sentinels', () => {
  let sentinels: Awaited<ReturnType<typeof startRedisSentinels>>;

  beforeAll(async () => {
    sentinels = await startRedisSentinels({ dataDir: join(directory, 'sentinel') });
  });
  afterAll(() => sentinels?.stop());

  const environment = (): Environment => ({
    REDIS_SENTINELS: sentinels.addresses,
    REDIS_SENTINEL_MASTER: sentinels.master,
  });

  it('names a master that they do not know', async () => {
    expect(await reasonOf({ ...environment(), REDIS_SENTINEL_MASTER: 'other' })).toMatch(/REDIS_SENTINEL_MASTER/);
  });

  it('is told apart from one server, and so is a replica', async () => {
    const [sentinel] = sentinels.addresses.split(',');
    expect(await reasonOf({ REDIS_URL: `redis://${sentinel}` })).toMatch(/REDIS_SENTINELS/);
    expect(await reasonOf({ REDIS_URL: sentinels.servers[1]!.address })).toMatch(/replica/);
  });

  it('goes on with the replica when the master fails', async () => {
    const connection = open(environment());
    const store = new RedisCheckpointStore(connection.commands);
    expect(await commitOnce(store)).toBe('1 one');
    await sentinels.servers[0]?.kill();
    await until(
      'the replica to be master',
      30_000,
      async () => (await store.claim(TASK, 'c').catch(() => null))?.next === 1,
    );
    expect(await sentinels.masterPort()).toBe(sentinels.servers[1]?.port);
  });
});
