import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import type { ClaimedCheckpoint, Commit, SliceDelta } from '@tillstream/engine';
import { describeCheckpointStore } from '@tillstream/engine/testing';
import type { Redis } from 'ioredis';
import { connectRedis } from './connect-redis';
import { CheckpointDamagedError } from './delta-blob';
import { RedisScript } from './redis-script';
import { type CommitScripts, commitScripts, RedisCheckpointStore } from './redis-checkpoint-store';
import { aKeyPrefix, deleteBehind, keysBehind, redisUrlForTests } from './testing/redis-for-tests';

const url = redisUrlForTests();

describeCheckpointStore('Redis', () => {
  const redis = connectRedis({ url });
  const prefix = aKeyPrefix();
  const lose = (): Promise<void> => deleteBehind(redis, prefix);
  return Promise.resolve({
    store: new RedisCheckpointStore(redis, { prefix }),
    lose,
    snapshot: async () => {
      const keys = await keysBehind(redis, prefix);
      const dumps = await Promise.all(keys.map((key) => redis.dumpBuffer(key)));
      return async () => {
        await lose();
        for (const [i, key] of keys.entries()) await redis.restore(key, 0, dumps[i] ?? '');
      };
    },
    close: async () => {
      await lose();
      redis.disconnect();
    },
  });
});

const TASK = 'aggregator:commerce:3';
const START: ClaimedCheckpoint = { inc: 'inc-1', next: 10, seek: 4, state: Buffer.from('start') };

function aDelta(slice: string, rawFrom: number, rawNext: number): SliceDelta {
  return { slice, rawFrom, rawNext, bytes: Buffer.from(`${rawFrom}-${rawNext}`) };
}

function aCommit(from: number, next: number, more: Partial<Commit> = {}): Commit {
  const fence = { inc: START.inc, token: 'a', next: from };
  return { fence, next, seek: next, state: Buffer.from(`at ${next}`), deltas: [], rewrites: [], drops: [], ...more };
}

/** The commit's scripts, but the n-th command to Redis of each fails. */
function failingAt(command: number): CommitScripts {
  const planted = `
    local left = ${command}
    local real = redis
    local redis = { call = function(...)
      left = left - 1
      if left < 0 then error('planted failure') end
      return real.call(...)
    end }
  `;
  return commitScripts((source) => planted + source);
}

describe('the checkpoint store in Redis', () => {
  let redis: Redis;
  let prefix: string;
  let store: RedisCheckpointStore;

  beforeAll(() => {
    redis = connectRedis({ url });
  });
  beforeEach(async () => {
    prefix = aKeyPrefix();
    store = new RedisCheckpointStore(redis, { prefix });
    await store.create(TASK, 'a', START);
  });
  afterEach(() => deleteBehind(redis, prefix));
  afterAll(() => redis.disconnect());

  const visible = async (): Promise<unknown> => {
    const meta = await redis.hgetallBuffer(`${prefix}{${TASK}}:meta`);
    const deltas: string[] = [];
    for await (const { slice, bytes } of store.load(TASK, Infinity))
      deltas.push(`${slice}: ${Buffer.from(bytes).toString()}`);
    return {
      next: String(meta['next']),
      seek: String(meta['seek']),
      state: String(meta['state']),
      deltas: deltas.sort(),
    };
  };

  const before = aCommit(10, 20, { deltas: ['s1', 's2', 's3', 's4'].map((slice) => aDelta(slice, 10, 20)) });
  const everything = aCommit(20, 30, {
    deltas: [aDelta('s1', 20, 30), aDelta('s5', 20, 30)],
    rewrites: [aDelta('s2', 10, 30), aDelta('s6', 20, 30)],
    drops: ['s3'],
  });
  const after = ['s1: 10-20', 's1: 20-30', 's2: 10-30', 's4: 10-20', 's5: 20-30', 's6: 20-30'];

  it('shows all of a commit or nothing of it, at whichever command the script fails', async () => {
    await store.commit(TASK, before);
    const unchanged = await visible();
    const seen = new Set<string>();
    let commands = 0;
    for (let outcome = ''; outcome !== 'committed'; commands++) {
      await deleteBehind(redis, prefix);
      await store.create(TASK, 'a', START);
      await store.commit(TASK, before);
      const failing = new RedisCheckpointStore(redis, { prefix, commitScripts: failingAt(commands) });
      outcome = await failing.commit(TASK, everything).catch((error: unknown) => String(error));
      const state = await visible();
      seen.add(JSON.stringify(state));
      expect([
        JSON.stringify(unchanged),
        JSON.stringify({ next: '30', seek: '30', state: 'at 30', deltas: after }),
      ]).toContain(JSON.stringify(state));

      // Whoever repeats the commit completes it, whatever the failure left behind; and so does one who cuts it elsewhere.
      expect(await store.commit(TASK, everything)).toBe(seen.size === 1 ? 'committed' : 'mine-already');
      expect(await visible()).toMatchObject({ next: '30', deltas: after });
    }
    expect(seen.size).toBe(2);
    expect(commands).toBeLessThanOrEqual(20); // seven slices, at most two commands each, and the fence, the state, the drops
  });

  it('never shows what a failed commit left behind, also when the next ones are cut elsewhere and pass it', async () => {
    await store.commit(TASK, before);
    for (let command = 0; command < 12; command++) {
      const from = 20 + 10 * command;
      const half = aCommit(from, from + 8, {
        deltas: [aDelta('s1', from, from + 8), aDelta('s9', from, from + 8)],
        rewrites: [aDelta('s2', 0, from + 8)],
        drops: ['s4'],
      });
      const failing = new RedisCheckpointStore(redis, { prefix, commitScripts: failingAt(command) });
      const outcome = await failing.commit(TASK, half).catch(() => 'failed');
      const reached = Number(((await visible()) as { next: string }).next);
      if (outcome === 'failed' && reached === from) {
        await store.commit(TASK, aCommit(from, from + 5, { deltas: [aDelta('s1', from, from + 5)] }));
        await store.commit(TASK, aCommit(from + 5, from + 10, { deltas: [aDelta('s1', from + 5, from + 10)] }));
        expect(
          ((await visible()) as { deltas: string[] }).deltas.filter((delta) => delta.endsWith(`-${from + 8}`)),
        ).toEqual([]);
      } else {
        await store.commit(TASK, aCommit(reached, from + 10));
      }
    }
  });

  it('writes fields before the position moves and drops them behind it, at whichever command a script fails', async () => {
    const fieldsOf = (text: string): { field: Buffer; bytes: Buffer }[] =>
      Array.from({ length: 1_200 }, (_, i) => ({ field: Buffer.from(`u${i}`), bytes: Buffer.from(text) }));
    const dropped = Array.from({ length: 600 }, (_, i) => Buffer.from(`old${i}`));
    const earlier = {
      puts: [...fieldsOf('1'), ...dropped.map((field) => ({ field, bytes: Buffer.from('old') }))],
      drops: [],
    };
    const commit = aCommit(20, 30, { ...everything, fields: { puts: fieldsOf('2'), drops: dropped } });
    const seen = async (): Promise<{ next: number; new: number; old: number }> => {
      const counts = { next: Number(await redis.hget(`${prefix}{${TASK}}:meta`, 'next')), new: 0, old: 0 };
      for await (const some of store.loadFields(TASK)) {
        for (const { bytes } of some) {
          if (String(bytes) === '2') counts.new += 1;
          if (String(bytes) === 'old') counts.old += 1;
        }
      }
      return counts;
    };
    for (let command = 0, outcome = ''; outcome !== 'committed'; command += 1) {
      await deleteBehind(redis, prefix);
      await store.create(TASK, 'a', START);
      await store.commit(TASK, { ...before, fields: earlier });
      const failing = new RedisCheckpointStore(redis, { prefix, commitScripts: failingAt(command) });
      outcome = await failing.commit(TASK, commit).catch((error: unknown) => String(error));
      const after = await seen();
      expect(after.next === 30 ? after.new : 1_200).toBe(1_200);
      expect(after.next === 20 ? after.old : 600).toBe(600);
      expect(await store.commit(TASK, commit)).toBe(after.next === 30 ? 'mine-already' : 'committed');
      expect(await seen()).toEqual({ next: 30, new: 1_200, old: 0 });
    }
  });

  it('writes no field once another owner has taken over between two portions', async () => {
    const puts = Array.from({ length: 501 }, (_, i) => ({ field: Buffer.from(`u${i}`), bytes: Buffer.from('a') }));
    const scripts = commitScripts();
    const takenOver: CommitScripts = {
      ...scripts,
      putFields: new (class extends RedisScript {
        override async run(...args: Parameters<RedisScript['run']>): Promise<unknown> {
          const reply = await super.run(...args);
          await store.claim(TASK, 'b');
          return reply;
        }
      })(scripts.putFields.source),
    };
    const zombie = new RedisCheckpointStore(redis, { prefix, commitScripts: takenOver });
    expect(await zombie.commit(TASK, aCommit(10, 20, { fields: { puts, drops: [] } }))).toBe('not-mine');
    expect(await store.readField(TASK, Buffer.from('u499'))).toMatchObject({ next: 10, bytes: Buffer.from('a') });
    expect(await store.readField(TASK, Buffer.from('u500'))).toMatchObject({ next: 10, bytes: null });
  });

  it('does not move on when the store has been rolled back since the fields were put', async () => {
    const meta = `${prefix}{${TASK}}:meta`;
    const before = await redis.dumpBuffer(meta);
    const scripts = commitScripts();
    const rolledBack: CommitScripts = {
      ...scripts,
      putFields: new (class extends RedisScript {
        override async run(...args: Parameters<RedisScript['run']>): Promise<unknown> {
          const reply = await super.run(...args);
          await deleteBehind(redis, prefix);
          await redis.restore(meta, 0, before ?? '');
          return reply;
        }
      })(scripts.putFields.source),
    };
    const puts = Array.from({ length: 501 }, (_, i) => ({ field: Buffer.from(`u${i}`), bytes: Buffer.from('a') }));
    for (const some of [puts, puts.slice(0, 1)]) {
      const subject = new RedisCheckpointStore(redis, { prefix, commitScripts: rolledBack });
      expect(await subject.commit(TASK, aCommit(10, 20, { fields: { puts: some, drops: [] } }))).toBe('rolled-back');
      expect(await store.readField(TASK, Buffer.from('u0'))).toMatchObject({ next: 10, bytes: null });
    }
  });

  it('deletes the fields of a checkpoint that is gone when another is created', async () => {
    await store.commit(TASK, {
      ...before,
      fields: { puts: [{ field: Buffer.from('u'), bytes: Buffer.from('1') }], drops: [] },
    });
    await redis.del(`${prefix}{${TASK}}:meta`);
    await store.create(TASK, 'b', { ...START, inc: 'inc-2' });
    expect(await store.readField(TASK, Buffer.from('u'))).toMatchObject({ bytes: null });
  });

  it('leaves no key behind that no checkpoint names', async () => {
    await store.commit(TASK, before);
    const field = Buffer.from('u');
    const fields = { puts: [{ field, bytes: Buffer.from('1') }], drops: [] };
    await store.commit(TASK, { ...everything, fields });
    const drops = ['s1', 's2', 's4', 's5', 's6'];
    await store.commit(TASK, aCommit(30, 40, { drops, fields: { puts: [], drops: [field] } }));
    expect(await keysBehind(redis, prefix)).toEqual([`${prefix}{${TASK}}:meta`]);
    expect(Object.keys(await redis.hgetall(`${prefix}{${TASK}}:meta`)).sort()).toEqual([
      'inc',
      'next',
      'puts',
      'seek',
      'state',
      'token',
    ]);
  });

  it('goes on when Redis has forgotten its scripts', async () => {
    await store.commit(TASK, before);
    await redis.script('FLUSH');
    expect(await store.commit(TASK, everything)).toBe('committed');
    await redis.script('FLUSH');
    expect(await store.claim(TASK, 'b')).toMatchObject({ next: 30 });
  });

  it('loads a long list whole and in order', async () => {
    for (let next = 11; next <= 210; next++) {
      const bytes = Buffer.alloc(next % 7 === 0 ? 60_000 : 20, next % 256);
      await store.commit(
        TASK,
        aCommit(next - 1, next, { deltas: [{ slice: 's1', rawFrom: next - 1, rawNext: next, bytes }] }),
      );
    }
    const ends: number[] = [];
    for await (const { rawNext, bytes } of store.load(TASK, 210)) {
      ends.push(rawNext);
      expect(bytes.every((byte) => byte === rawNext % 256)).toBe(true);
    }
    expect(ends).toEqual(Array.from({ length: 200 }, (_, i) => i + 11));
  });

  it('says so when deltas are missing that the checkpoint counts', async () => {
    await store.commit(TASK, before);
    await redis.del(`${prefix}{${TASK}}:d:s2:1`);
    const load = async (): Promise<void> => {
      for await (const delta of store.load(TASK, 20)) expect(delta.slice).not.toBe('s2');
    };
    await expect(load()).rejects.toThrow(CheckpointDamagedError);
  });

  it('refuses a commit of more slices than one script can change, before it is sent', async () => {
    const deltas = Array.from({ length: 2_001 }, (_, i) => aDelta(`s${i}`, 10, 20));
    await expect(store.commit(TASK, aCommit(10, 20, { deltas }))).rejects.toThrow(RangeError);
    expect(await store.commit(TASK, aCommit(10, 20, { deltas: deltas.slice(1) }))).toBe('committed');
  });

  it('refuses a task whose name would break its hash tag', async () => {
    await expect(store.claim('a}b', 'a')).rejects.toThrow(RangeError);
  });
});

/** Passes bytes between a client and Redis; `swallow` loses the next answer and its connection. */
async function aProxy(): Promise<{ server: Server; url: string; swallow: () => void }> {
  const target = new URL(url);
  let swallowing = false;
  const server = createServer((client: Socket) => {
    const redis = connect({ host: target.hostname, port: Number(target.port) });
    const end = (): void => {
      client.destroy();
      redis.destroy();
    };
    client.on('error', end).on('close', end);
    redis.on('error', end).on('close', end);
    client.on('data', (chunk) => redis.write(chunk));
    redis.on('data', (chunk) => {
      if (!swallowing) client.write(chunk);
      else {
        swallowing = false;
        end();
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    server,
    url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}`,
    swallow: () => (swallowing = true),
  };
}

describe('a connection to Redis that fails', () => {
  const closing: (() => unknown)[] = [];

  afterEach(async () => {
    for (const close of closing.splice(0)) await close();
  });

  it('sends a commit again whose answer was lost, and takes it for its own', async () => {
    const proxy = await aProxy();
    const redis = connectRedis({ url: proxy.url });
    const prefix = aKeyPrefix();
    const store = new RedisCheckpointStore(redis, { prefix });
    closing.push(
      () => deleteBehind(redis, prefix),
      () => redis.disconnect(),
      () => proxy.server.close(),
    );
    await store.create(TASK, 'a', START);
    await store.commit(TASK, aCommit(10, 20));
    proxy.swallow();
    expect(await store.commit(TASK, aCommit(20, 30, { deltas: [aDelta('s1', 20, 30)] }))).toBe('mine-already');
    expect(await store.commit(TASK, aCommit(30, 40))).toBe('committed');
  });

  it('gives up a command that nobody answers', async () => {
    const silent = createServer((socket) => socket.resume());
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const redis = connectRedis({
      url: `redis://127.0.0.1:${(silent.address() as AddressInfo).port}`,
      commandTimeoutMs: 100,
      connectTimeoutMs: 200,
    });
    closing.push(
      () => redis.disconnect(),
      () => silent.close(),
    );
    await expect(new RedisCheckpointStore(redis).claim(TASK, 'a')).rejects.toThrow('timed out');
  });

  it('holds up no task but the one whose connection hangs', async () => {
    const silent = createServer((socket) => socket.resume());
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const hanging = `redis://127.0.0.1:${(silent.address() as AddressInfo).port}`;
    const urls = [hanging, url];
    const redis = connectRedis({ url });
    const prefix = aKeyPrefix();
    const connect = () =>
      connectRedis({ url: urls.shift() ?? 'redis://one.connection.too.many', commandTimeoutMs: 60_000 });
    const store = new RedisCheckpointStore(redis, { prefix, connect });
    closing.push(
      () => deleteBehind(redis, prefix),
      () => redis.disconnect(),
      () => store.close(),
      () => silent.close(),
    );
    const stuck = store.claim('stuck', 'a').catch((error: unknown) => String(error));
    await store.create(TASK, 'a', START);
    expect(await store.commit(TASK, aCommit(10, 20))).toBe('committed');
    store.close();
    expect(await stuck).toContain('closed');
  });

  it('gives up a command while nothing listens', async () => {
    const redis = connectRedis({ url: 'redis://127.0.0.1:1', commandTimeoutMs: 100, connectTimeoutMs: 200 });
    closing.push(() => redis.disconnect());
    await expect(new RedisCheckpointStore(redis).claim(TASK, 'a')).rejects.toThrow('timed out');
  });
});
