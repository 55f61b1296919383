import { once } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { credentials, loadPackageDefinition, status, type ClientDuplexStream, type ServiceError } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { aKey, ringOf } from '@tillstream/doors/testing';
import { definitionFrom, smallDefinition, smallStreamFile } from '@tillstream/contracts/testing';
import type { WindowResultMessage } from '@tillstream/contracts';
import { MemoryResults, type WrittenResult } from '../testing/memory-results';
import { Replica } from '../testing/replica';
import { WatchScreen } from '../testing/watch-screen';
import type { QueryClient } from '../testing/query-client';

const sale = (
  startMs: number,
  category: string | null,
  total: string,
  more: Partial<WrittenResult> = {},
): WrittenResult => ({
  metric: 'sales',
  startMs,
  group: { category },
  measures: { total, orders: 2, average: '1.500000' },
  ...more,
});

const brief = ({ start, group, measures, final }: WindowResultMessage): string =>
  `${start!.seconds} ${group['category']?.text ?? 'null'} ${measures['total']?.decimal ?? 'null'}${final ? ' final' : ''}`;

// Connections and real time are involved: a busy machine may take its time.
jest.setTimeout(30_000);

const watching = (stream: ConstructorParameters<typeof WatchScreen>[0]): WatchScreen => new WatchScreen(stream, brief);

const SALES = { stream: 'small', metric: 'sales' };

let results: MemoryResults;
let replica: Replica;
let client: QueryClient;

async function serve(options: Parameters<typeof Replica.start>[1] = {}): Promise<void> {
  replica = await Replica.start(results, options);
  client = replica.client();
}

/** Waits until the replica shows so many rows of sales: results arrive when they arrive. */
async function untilRows(count: number, of: QueryClient = client): Promise<WindowResultMessage[]> {
  for (;;) {
    const rows = await of.allWindows(SALES);
    if (rows.length === count) return rows;
  }
}

beforeEach(() => {
  results = new MemoryResults(smallDefinition(2));
});

afterEach(async () => {
  await replica.stop();
});

describe('ListMetrics', () => {
  it('tells of metrics that are declared no more when asked, and answers for them by their identity', async () => {
    results.putLive(smallDefinition(2));
    results.write(0, [sale(5_000, 'books', '3.00')]);
    const identity = results.definition.metrics[0]!.identity;
    results.putLive(definitionFrom(smallStreamFile(2).replace('size: 20s, hop: 5s', 'size: 30s, hop: 5s')));
    await serve();
    expect((await client.listMetrics({ stream: 'small' })).metrics).toHaveLength(3);
    const { metrics } = await client.listMetrics({ stream: 'small', includeRetired: true });
    expect(metrics.map(({ name, definition, retired }) => [`${name}@${definition}`, retired]).at(-1)).toEqual([
      identity,
      true,
    ]);
    expect((await client.listWindows({ ...SALES, metric: identity })).windows).toHaveLength(1);
    expect((await client.listWindows(SALES)).windows).toHaveLength(0);
  });

  it('describes what is declared, and what there is of it', async () => {
    results.write(0, [sale(5_000, 'books', '3.00')]);
    await serve();
    const { metrics } = await client.listMetrics({ stream: 'small' });
    expect(metrics.map(({ name }) => name)).toEqual(['sales', 'spend', 'visitors']);
    expect(metrics[0]).toMatchObject({
      stream: 'small',
      windowSize: { seconds: '20', nanos: 0 },
      windowHop: { seconds: '5', nanos: 0 },
      groupBy: ['category'],
      measures: [
        { name: 'total', kind: 'sum', valueKind: 'decimal', relativeError: 0 },
        { name: 'orders', kind: 'count', valueKind: 'integer', relativeError: 0 },
        { name: 'average', kind: 'avg', valueKind: 'decimal', relativeError: 0 },
      ],
      completeFrom: null,
      newestWindow: { seconds: '5', nanos: 0 },
    });
    expect(metrics[1]!.measures.map(({ valueKind }) => valueKind)).toEqual(['decimal', 'list']);
  });

  it('says which streams there are when asked for another', async () => {
    await serve();
    await expect(client.listMetrics({ stream: 'large' })).rejects.toMatchObject({
      code: status.NOT_FOUND,
      details: 'there is no stream "large"; there is small',
    });
  });
});

describe('ListWindows', () => {
  it('gives rows by window start, then group, with every kind of value', async () => {
    results.write(0, [
      sale(5_000, 'toys', '10.00', { final: true, revision: 7, more: { truncated: true } }),
      sale(5_000, null, '0.50'),
    ]);
    results.write(1, [sale(0, 'books', '3.00')]);
    results.write(1, [
      { metric: 'spend', startMs: 0, group: { user: 'u1' }, measures: { total: '12.00', categories: ['a', 'b'] } },
      { metric: 'visitors', startMs: 0, group: {}, measures: { viewers: 4, buyers: 1, rate: 25.5 } },
    ]);
    results.late(1, 'sales', 5_000, 3);
    await serve();
    const { windows } = await client.listWindows(SALES);
    expect(windows.map(brief)).toEqual(['0 books 3.00', '5 toys 10.00 final', '5 null 0.50']);
    expect(windows[1]).toMatchObject({
      metric: 'sales',
      end: { seconds: '25', nanos: 0 },
      measures: { orders: { integer: '2' }, average: { decimal: '1.500000' } },
      revision: '7',
      lateRows: '3',
      truncated: true,
    });
    const [spend] = (await client.listWindows({ ...SALES, metric: 'spend' })).windows;
    expect(spend!.measures['categories']).toMatchObject({ list: { values: [{ text: 'a' }, { text: 'b' }] } });
    const [visitors] = (await client.listWindows({ ...SALES, metric: 'visitors' })).windows;
    expect(visitors).toMatchObject({ group: {}, measures: { rate: { number: 25.5 } } });
  });

  it('keeps to the range, the group and finality asked for', async () => {
    results.write(0, [
      sale(0, 'a', '1.00', { final: true }),
      sale(5_000, 'a', '2.00'),
      sale(5_000, 'b', '3.00'),
      sale(10_000, 'a', '4.00'),
    ]);
    await serve();
    const at = (seconds: number) => ({ seconds: String(seconds), nanos: 0 });
    const list = async (request: object) => (await client.listWindows({ ...SALES, ...request })).windows.map(brief);
    expect(await list({ from: at(5), to: at(10) })).toEqual(['5 a 2.00', '5 b 3.00']);
    expect(await list({ group: { category: { text: 'a' } }, from: at(5) })).toEqual(['5 a 2.00', '10 a 4.00']);
    expect(await list({ finalOnly: true })).toEqual(['0 a 1.00 final']);
  });

  it('pages without repeating or skipping what stands throughout, whatever changes meanwhile', async () => {
    const standing = [0, 5_000, 10_000].flatMap((startMs) =>
      ['b', 'd', 'f'].map((name) => sale(startMs, name, '1.00')),
    );
    results.write(0, standing);
    await serve();
    const seen: string[] = [];
    let pageToken = '';
    for (let page = 0; ; page += 1) {
      const answer = await client.listWindows({ ...SALES, pageSize: 2, pageToken });
      seen.push(...answer.windows.map(({ start, group }) => `${start!.seconds} ${group['category']!.text}`));
      pageToken = answer.nextPageToken;
      if (pageToken === '') break;
      expect(answer.windows).toHaveLength(2);
      const inserted = ['a', 'c', 'e', 'g'].map((name) => sale((page % 3) * 5_000, `${name}${page}`, '2.00'));
      results.write(0, inserted);
      await untilRows(standing.length + (page + 1) * 4);
    }
    expect(seen).toEqual([...seen].sort((a, b) => parseInt(a) - parseInt(b) || (a < b ? -1 : 1)));
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen.filter((text) => / [bdf]$/.test(text))).toHaveLength(standing.length);
  });

  it('says what would be right', async () => {
    await serve();
    const refused = async (request: object) =>
      client.listWindows({ ...SALES, ...request }).then(
        () => 'taken',
        (error: { code: number; details: string }) => `${status[error.code]}: ${error.details}`,
      );
    expect(await refused({ metric: 'sale' })).toBe(
      'INVALID_ARGUMENT: stream small has no metric "sale"; it has sales, spend and visitors',
    );
    expect(await refused({ group: { colour: { text: 'red' } } })).toBe(
      'INVALID_ARGUMENT: metric sales has no group field "colour"; it is grouped by category',
    );
    expect(await refused({ group: { category: { integer: '1' } } })).toBe(
      'INVALID_ARGUMENT: group field category of sales wants a value of kind text',
    );
    expect(await refused({ pageSize: 10_001 })).toBe('INVALID_ARGUMENT: page_size must be at most 10000');
    expect(await refused({ pageToken: 'xyz' })).toMatch(/^INVALID_ARGUMENT: page_token is not one that was given out/);
  });

  it('refuses a page token that belongs to another question', async () => {
    results.write(0, [sale(0, 'a', '1.00'), sale(0, 'b', '1.00')]);
    await serve();
    const { nextPageToken } = await client.listWindows({ ...SALES, pageSize: 1 });
    await expect(client.listWindows({ ...SALES, finalOnly: true, pageToken: nextPageToken })).rejects.toMatchObject({
      code: status.INVALID_ARGUMENT,
    });
  });

  it('cuts pages of large rows so that clients take them', async () => {
    const large = 'x'.repeat(100_000);
    results.write(
      0,
      Array.from({ length: 60 }, (_, i) => sale(0, `${i}${large}`, '1.00')),
    );
    await serve();
    const page = await client.listWindows(SALES);
    expect(page.windows.length).toBeLessThan(60);
    expect(await client.allWindows(SALES)).toHaveLength(60);
  });
});

describe('TopGroups', () => {
  it('orders the newest window by a measure, rows without a value last', async () => {
    results.write(0, [
      sale(0, 'old', '99.00'),
      sale(5_000, 'a', '9.50'),
      sale(5_000, 'b', '10.00'),
      sale(5_000, 'c', '-1.00'),
      { ...sale(5_000, 'd', ''), measures: { total: null, orders: 0, average: null } },
    ]);
    await serve();
    const { windows } = await client.topGroups({ ...SALES, measure: 'total' });
    expect(windows.map(brief)).toEqual(['5 b 10.00', '5 a 9.50', '5 c -1.00', '5 d null']);
    const older = await client.topGroups({ ...SALES, measure: 'total', windowStart: { seconds: '0', nanos: 0 } });
    expect(older.windows.map(brief)).toEqual(['0 old 99.00']);
    expect((await client.topGroups({ ...SALES, measure: 'total', limit: 1 })).windows).toHaveLength(1);
  });

  it('says which measures have an order', async () => {
    await serve();
    await expect(client.topGroups({ ...SALES, metric: 'spend', measure: 'categories' })).rejects.toMatchObject({
      code: status.INVALID_ARGUMENT,
      details: 'metric spend cannot be ordered by "categories"; it can by total',
    });
  });
});

describe('WatchWindows', () => {
  it('gives a snapshot, then changes, and takes back what is no more', async () => {
    results.write(0, [sale(0, 'a', '1.00'), sale(0, 'b', '1.00')]);
    await serve();
    const screen = watching(client.watch(SALES));
    await screen.until(({ token }) => token !== '');
    expect([...screen.rows.values()]).toEqual(['0 a 1.00', '0 b 1.00']);
    results.write(0, [sale(0, 'a', '5.00', { final: true })]);
    results.close(0, 'sales', 0);
    await screen.until(({ rows }) => rows.size === 1);
    expect([...screen.rows.values()]).toEqual(['0 a 5.00 final']);
    screen.stream.cancel();
  });

  it('goes on at another replica when one is killed: no gap, and nothing told twice that had not changed', async () => {
    results.write(0, [sale(0, 'a', '1.00'), sale(0, 'b', '1.00')]);
    await serve();
    const first = watching(client.watch(SALES));
    await first.until(({ token }) => token !== '');
    await replica.kill();
    await first.ended;
    results.write(0, [sale(0, 'b', '2.00', { revision: 2 })]);

    await serve();
    const second = watching(client.watch({ ...SALES, resumeToken: first.token }));
    await second.until(({ token }) => token !== '');
    expect([...second.rows.values()]).toEqual(['0 b 2.00']);
    second.stream.cancel();
  });

  it('begins anew at a token from a log that is no more', async () => {
    results.write(0, [sale(0, 'a', '1.00'), sale(0, 'b', '1.00')]);
    await serve();
    const before = watching(client.watch(SALES));
    await before.until(({ token }) => token !== '');
    before.stream.cancel();
    await replica.stop();

    results = new MemoryResults(results.definition);
    results.write(0, [sale(0, 'z', '1.00')]);
    await serve();
    const after = watching(client.watch({ ...SALES, resumeToken: before.token }));
    await after.until(({ token }) => token !== '');
    expect([...after.rows.values()]).toEqual(['0 z 1.00']);
    after.stream.cancel();
  });

  it('costs a few messages when the client does not read, and then gives it the latest of each row', async () => {
    await serve();
    const screen = watching(client.watch(SALES));
    await screen.until(({ token }) => token !== '');
    screen.stream.pause();
    const made: number[] = [];
    const names = Array.from({ length: 100 }, (_, i) => `${i}`.padStart(1_500, 'x'));
    for (let revision = 1; revision <= REVISIONS; revision += 1) {
      const total = `${revision}.00`;
      results.write(
        0,
        names.map((name) => sale(0, name, total, { revision })),
      );
      await untilTotal(total);
      made.push(await messagesMade());
    }
    // The connection holds what fits its window, the stream 16 messages; then nothing more is made.
    expect(made.at(-1)).toBe(made[REVISIONS / 2]);
    const readBefore = screen.messages;
    screen.stream.resume();
    await screen.until(({ rows }) => rows.size === 100 && [...rows.values()].every((row) => row.endsWith(' 60.00')));
    expect(screen.messages - readBefore).toBeLessThan(REVISIONS);
    screen.stream.cancel();
  });

  it('frees everything when the client cancels or its deadline passes', async () => {
    await serve();
    const cancelled = watching(client.watch(SALES));
    const expired = watching(client.watch(SALES, Date.now() + 200));
    await Promise.all([cancelled, expired].map((screen) => screen.until(({ token }) => token !== '')));
    cancelled.stream.cancel();
    expect((await expired.ended).code).toBe(status.DEADLINE_EXCEEDED);
    expect((await cancelled.ended).code).toBe(status.CANCELLED);
    while (!/tillstream_watches 0/.test(await replica.registry.metrics())) await setImmediate();
  });

  it('sends its watchers elsewhere when it stops', async () => {
    await serve();
    const screen = watching(client.watch(SALES));
    await screen.until(({ token }) => token !== '');
    await replica.stop();
    expect((await screen.ended).code).toBe(status.UNAVAILABLE);
  });

  it('refuses what it does not know before it sends anything', async () => {
    await serve();
    const unknown = watching(client.watch({ ...SALES, metric: 'nothing' }));
    expect((await unknown.ended).code).toBe(status.INVALID_ARGUMENT);
    const malformed = watching(client.watch({ ...SALES, resumeToken: '!' }));
    expect((await malformed.ended).code).toBe(status.INVALID_ARGUMENT);
  });
});

describe('read keys', () => {
  const keys = ringOf([
    { key: 'everything-1', streams: null, sql: false },
    { key: 'others-only-1', streams: ['other'], sql: false },
  ]);

  it('are asked for where they are configured, and open the streams they name', async () => {
    await serve({ keys });
    await expect(client.listMetrics({})).rejects.toMatchObject({ code: status.UNAUTHENTICATED });
    await expect(replica.client('wrong-key').listMetrics({})).rejects.toMatchObject({ code: status.UNAUTHENTICATED });
    expect((await replica.client('everything-1').listMetrics({})).metrics).toHaveLength(3);
    expect((await replica.client('others-only-1').listMetrics({})).metrics).toHaveLength(0);
    await expect(replica.client('others-only-1').listWindows(SALES)).rejects.toMatchObject({ code: status.NOT_FOUND });
    const watch = watching(client.watch(SALES));
    expect((await watch.ended).code).toBe(status.UNAUTHENTICATED);
  });
});

describe('a watch', () => {
  it('ends before it tells anything more when its key is taken away, and goes on under a new key of another name', async () => {
    const keys = ringOf([]);
    keys.replace([aKey({ key: 'before-1' })]);
    await serve({ keys });
    const before = watching(replica.client('before-1').watch(SALES));
    await before.until(({ token }) => token !== '');
    keys.replace([aKey({ key: 'after-1', streams: ['other'] }), aKey({ key: 'after-2' })]);
    results.write(0, [sale(0, 'secret', '9.00')]);
    expect((await before.ended).code).toBe(status.UNAUTHENTICATED);
    expect([...before.rows.values()].join()).not.toContain('secret');
    const after = watching(replica.client('after-2').watch({ ...SALES, resumeToken: before.token }));
    await after.until(({ rows }) => [...rows.values()].join().includes('secret'));
    after.stream.cancel();
  });

  it('ends when its key opens something else by now', async () => {
    const keys = ringOf([]);
    keys.replace([aKey({ key: 'the-same-1' })]);
    await serve({ keys });
    const watch = watching(replica.client('the-same-1').watch(SALES));
    await watch.until(({ token }) => token !== '');
    keys.replace([aKey({ key: 'the-same-1', streams: ['other'] })]);
    results.write(0, [sale(0, 'secret', '9.00')]);
    expect((await watch.ended).code).toBe(status.UNAUTHENTICATED);
  });
});

describe('a key with a limit', () => {
  it('is told to wait when it asks too often, and others are not', async () => {
    await serve({
      keys: ringOf([{ key: 'twice-a-second', requestsPerSecond: 2, name: 'slow' }, { key: 'as-often-as-it-wants' }]),
    });
    const slow = replica.client('twice-a-second');
    const asked = await Promise.allSettled([1, 2, 3, 4, 5].map(() => slow.listMetrics({})));
    const refused = asked.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason as ServiceError] : []));
    expect(refused.length).toBeGreaterThanOrEqual(2);
    expect(refused[0]).toMatchObject({
      code: status.RESOURCE_EXHAUSTED,
      details: 'the key allows 2 requests a second: send this again later',
    });
    expect(Number(refused[0]!.metadata.get('grpc-retry-pushback-ms')[0])).toBeGreaterThan(0);
    expect((await replica.client('as-often-as-it-wants').listMetrics({})).metrics).toHaveLength(3);
  });
});

describe('reflection and health', () => {
  it('list the service and say that it serves', async () => {
    await serve();
    expect(await listedServices(replica.port)).toEqual(
      expect.arrayContaining(['tillstream.query.v1.QueryService', 'grpc.health.v1.Health']),
    );
  });
});

const REVISIONS = 60;

async function messagesMade(): Promise<number> {
  const text = await replica.registry.metrics();
  return Number(/tillstream_query_watch_messages_total (\d+)/.exec(text)?.[1]);
}

async function untilTotal(total: string): Promise<void> {
  for (;;) {
    const { windows } = await client.listWindows({ ...SALES, pageSize: 1 });
    if (windows[0]?.measures['total']?.decimal === total) return;
  }
}

interface ReflectionResponse {
  readonly listServicesResponse?: { readonly service: readonly { readonly name: string }[] };
}

async function listedServices(port: number): Promise<string[]> {
  const proto = require.resolve('@grpc/reflection/build/proto/grpc/reflection/v1/reflection.proto');
  const { grpc } = loadPackageDefinition(loadSync(proto)) as unknown as {
    grpc: {
      reflection: {
        v1: {
          ServerReflection: new (
            address: string,
            creds: unknown,
          ) => { serverReflectionInfo(): ClientDuplexStream<object, ReflectionResponse>; close(): void };
        };
      };
    };
  };
  const reflection = new grpc.reflection.v1.ServerReflection(`127.0.0.1:${port}`, credentials.createInsecure());
  const call = reflection.serverReflectionInfo();
  call.write({ listServices: '' });
  const [answer] = (await once(call, 'data')) as [ReflectionResponse];
  call.end();
  reflection.close();
  return (answer.listServicesResponse?.service ?? []).map(({ name }) => name);
}
