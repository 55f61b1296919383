import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SinkRefusedError, SinkUnavailableError } from '@tillstream/engine';
import { findPython, startS3 } from '@tillstream/local';
import { describeObjectStore } from './object-store.contract';
import { openObjectStore } from './open-object-store';
import type { S3ObjectStore } from './s3-object-store';
import { NO_ACCESS } from './store-access';

jest.setTimeout(180_000);

const there = findPython('the lake in a bucket') !== null;

(there ? describe : describe.skip)('a bucket', () => {
  let directory: string;
  let s3: Awaited<ReturnType<typeof startS3>>;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'tillstream-bucket-'));
    s3 = await startS3({ dataDir: directory, buckets: ['lake'] });
  });
  afterAll(async () => {
    await s3.stop();
    await rm(directory, { recursive: true, force: true });
  });

  const access = (bytes = 1_000_000) => ({
    ...NO_ACCESS,
    user: 'key',
    secret: 'secret',
    endpoint: s3.address,
    cache: { directory: join(directory, 'local'), bytes },
  });

  describeObjectStore('with a prefix', async () => openObjectStore('s3://lake/some/prefix/', access()));
  describeObjectStore('without a prefix', async () => openObjectStore('s3://lake', access()));

  it('keeps what was read last on this machine, up to its bound', async () => {
    const store = openObjectStore('s3://lake/cached', access(25));
    const local: string[] = [];
    for (const name of ['a', 'b', 'c']) {
      await store.putIfAbsent(name, new Uint8Array(10));
      local.push(await store.local(name));
    }
    expect(local.map((file) => existsSync(file))).toEqual([true, true, true]); // handed out just now
    const longAgo = new Date(Date.now() - 3_600_000);
    for (const file of local) await utimes(file, longAgo, longAgo);
    await store.local('b');
    await store.putIfAbsent('d', new Uint8Array(10));
    local.push(await store.local('d'));
    expect(local.map((file) => existsSync(file))).toEqual([false, true, false, true]);
    expect(await readFile(await store.local('a'))).toHaveLength(10);
  });

  it('is refused when it is not there, with the remedy', async () => {
    const store = openObjectStore('s3://none-such/x', access());
    await expect(store.prepare()).rejects.toThrow(SinkRefusedError);
    await expect(store.read('a')).rejects.toThrow(/There is no such bucket/u);
  });

  it('is waited for when it does not answer', async () => {
    const store = openObjectStore('s3://lake', { ...access(), endpoint: 'http://127.0.0.1:1' });
    await expect(store.read('a')).rejects.toThrow(SinkUnavailableError);
  });

  it('is refused when it overwrites what must not be there', async () => {
    const store = openObjectStore('s3://lake', access());
    const client = (store as unknown as { client: S3ObjectStore['client'] }).client;
    client.middlewareStack.add(
      (next) => (args) => next({ ...args, input: { ...args.input, IfNoneMatch: undefined } }),
      {
        step: 'initialize',
      },
    );
    await expect(store.prepare()).rejects.toThrow(/two writers would not notice each other/u);
  });

  it('is neither a directory nor a bucket', () => {
    expect(() => openObjectStore('gs://lake', access())).toThrow(/Declare a directory/u);
    expect(() => openObjectStore('s3://', access())).toThrow(/names no bucket/u);
  });
});
