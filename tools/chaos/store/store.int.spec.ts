import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectRedis } from '@tillstream/adapter-redis';
import { SeededRandom } from '@tillstream/engine/testing';
import type { Redis } from 'ioredis';
import type { Stage } from '../fault';
import { storeFaults, openStore } from '.';
import type { LocalStore } from '.';

const WRITES = 500;

describe('a Redis that something can happen to', () => {
  const directory = mkdtempSync(join(tmpdir(), 'tillstream-store-'));
  let store: LocalStore;
  let client: Redis;

  beforeAll(async () => {
    store = await openStore(directory);
    client = connectRedis({ url: store.url, commandTimeoutMs: 30_000 });
  });
  beforeEach(() => client.flushall());
  afterAll(async () => {
    client.disconnect();
    await store.close();
    rmSync(directory, { recursive: true, force: true });
  });

  /** A stage of which a fault of the store sees no more than this. Time passes by doing `meanwhile`. */
  const stageWith = (meanwhile: () => Promise<unknown>): Stage =>
    ({
      store,
      sleep: async () => {
        await meanwhile();
      },
      alone: (_target: string, work: () => Promise<unknown>) => work(),
    }) as unknown as Stage;
  const strike = (name: string, meanwhile: () => Promise<unknown> = () => Promise.resolve()): Promise<string> => {
    const fault = storeFaults.find((one) => one.name === name);
    if (!fault) throw new Error(`there is no fault ${name}`);
    return fault.strike(stageWith(meanwhile), new SeededRandom(5));
  };
  const write = async (): Promise<void> => {
    for (let i = 0; i < WRITES; i += 1) await client.rpush('list', `value ${i}`);
  };

  it('keeps all that it has answered when it is killed', async () => {
    await write();
    await strike('store-killed');
    expect(await client.llen('list')).toBe(WRITES);
  });

  it('loses the end, and nothing but the end, when its file is cut', async () => {
    await write();
    expect(await strike('store-tail-cut')).toMatch(/lost the last [1-9]/);
    const left = await client.lrange('list', 0, -1);
    expect(left.length).toBeLessThan(WRITES);
    expect(left).toEqual(Array.from({ length: left.length }, (_, i) => `value ${i}`));
  });

  it('goes back to what it held', async () => {
    await client.set('key', 'before');
    await strike('store-rolled-back', () => client.set('key', 'after'));
    expect(await client.get('key')).toBe('before');
  });

  it('is emptied', async () => {
    await client.set('key', 'value');
    await strike('store-emptied');
    expect(await client.get('key')).toBeNull();
  });

  it('forgets its scripts', async () => {
    const hash = String(await client.script('LOAD', 'return 1'));
    await strike('store-scripts-forgotten');
    await expect(client.evalsha(hash, 0)).rejects.toThrow('NOSCRIPT');
  });

  it('refuses writes while it is full, and takes them again', async () => {
    await strike('store-full', () => expect(client.set('key', 'value')).rejects.toThrow('OOM'));
    expect(await client.set('key', 'value')).toBe('OK');
  });

  it.each(['store-frozen', 'store-slow'])('answers late, but answers, after %s', async (name) => {
    let answer: Promise<unknown> = Promise.resolve();
    await strike(name, () => {
      answer = client.set('key', name);
      return Promise.resolve();
    });
    expect(await answer).toBe('OK');
    expect(await client.get('key')).toBe(name);
  });

  it('holds each command back for as long as it is told', async () => {
    store.delayCommands(200);
    const sinceMs = performance.now();
    await Promise.all([client.set('a', 1), client.set('b', 2)]);
    expect(performance.now() - sinceMs).toBeGreaterThan(390);
    store.delayCommands(0);
  });

  it('comes back when its connections are cut', async () => {
    expect(await strike('store-connections-cut')).toMatch(/cut [1-9]/);
    expect(await client.set('key', 'value')).toBe('OK');
  });

  it('stalls commands on one hash tag, and no others of other connections', async () => {
    const other = connectRedis({ url: store.url });
    store.proxy.stall('a');
    const stalled = client.set('{a}:key', 'value').then(() => 'answered');
    expect(await other.set('{b}:key', 'value')).toBe('OK');
    expect(await other.get('{b}:key')).toBe('value');
    expect(await store.command('GET', '{a}:key')).toBeNull();
    store.proxy.passAll();
    expect(await stalled).toBe('answered');
    expect(await store.command('GET', '{a}:key')).toBe('value');
    other.disconnect();
  });
});
