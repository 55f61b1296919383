import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { accessOf } from '@tillstream/adapter-lake';
import { startOpenSearch, startPostgres, startS3 } from '@tillstream/local';
import { HookReceiver } from '../../../libs/adapters/webhook/src/testing/hook-receiver';
import { Platform, until } from '../../e2e/platform';
import { eachOnce, eventsInLake, eventsInPostgres, shopEvent } from '../../e2e/stored-rows';
import { publish } from '../../e2e/through-gateway';

/** How long every store is away at once. */
const AWAY_MS = 60_000;
const WITHIN_MS = 120_000;
const EVENTS = 30;
const START_MS = Date.now() - 3_600_000;
const SECRET = 'of this test';
const LAKE = 's3://lake/shops';

interface Stores {
  readonly search: Awaited<ReturnType<typeof startOpenSearch>>;
  readonly s3: Awaited<ReturnType<typeof startS3>>;
  readonly hook: HookReceiver;
  postgres: Awaited<ReturnType<typeof startPostgres>>;
  end(): Promise<void>;
}

/** All of them, or null, said why, where one is not to be had. */
async function startStores(): Promise<Stores | null> {
  // PostgreSQL runs as another user, and gets a directory of its own.
  const [directory, home] = ['stores', 'ledger'].map((name) => mkdtempSync(join(tmpdir(), `tillstream-${name}-`)));
  const started: { stop(): Promise<unknown> }[] = [];
  const begun = async <T extends { stop(): Promise<unknown> }>(start: Promise<T>): Promise<T> => {
    const server = await start;
    started.push(server);
    return server;
  };
  const end = async (): Promise<void> => {
    await Promise.all(started.map((server) => server.stop()));
    for (const one of [directory, home]) rmSync(String(one), { recursive: true, force: true });
  };
  try {
    const postgres = await begun(startPostgres({ dataDir: String(home) }));
    const search = await begun(startOpenSearch({ dataDir: join(String(directory), 'search') }));
    const s3 = await begun(startS3({ dataDir: join(String(directory), 's3'), buckets: ['lake'] }));
    const hook = await HookReceiver.start(SECRET);
    return { postgres, search, s3, hook, end };
  } catch (error) {
    await end();
    if (process.env['CI'] !== undefined) throw error;
    process.stderr.write(`skipped: stores that are away, since one is not to be had: ${String(error)}\n`);
    return null;
  }
}

describe('stores that are all away for a minute', () => {
  let stores: Stores | null = null;
  let platform: Platform;
  let published = 0;

  beforeAll(async () => {
    stores = await startStores();
    if (stores === null) return;
    const { port, user, password } = stores.postgres;
    const sinks = [
      `ledger: {type: postgres, what: [events], where: 'postgres://127.0.0.1:${port}/postgres', flush: {every: 500ms}}`,
      `search: {type: opensearch, what: [events], where: '${stores.search.address}', prefix: shop, timeout: 3s, index: {number_of_replicas: 0}}`,
      `hook: {type: webhook, what: {events: {columns: [event_id]}}, where: '${stores.hook.url}', timeout: 3s}`,
    ];
    platform = new Platform(
      (text) =>
        `${text.replace(/^lake:.*(\n[ #].*)*\n/m, '')}\nlake: {roll: {every: 500ms}}\nsinks:\n  ${sinks.join('\n  ')}\n`,
      {
        TILLSTREAM_SINK_LEDGER_USER: user,
        TILLSTREAM_SINK_LEDGER_PASSWORD: password,
        TILLSTREAM_SINK_HOOK_SECRET: SECRET,
        ...Object.fromEntries(
          Object.entries({ WHERE: LAKE, ...accessTo(stores) }).map(([name, value]) => [
            `TILLSTREAM_SINK_LAKE_${name}`,
            value,
          ]),
        ),
      },
    );
    await platform.createTopics();
    await platform.startAll(['gateway', 'enricher', 'aggregator', 'sink-writer']);
  }, 240_000);

  afterAll(async () => {
    await platform?.stop();
    await stores?.hook.leave().catch(() => undefined);
    await stores?.postgres.stop();
    await stores?.end();
  }, 120_000);

  it('have every row once when they are back, the webhook at least once, and nobody else has waited', async () => {
    if (stores === null) return;
    await publishSome();
    await untilStored(stores);

    const { port, dataDir } = stores.postgres;
    const hookPort = await stores.hook.leave();
    await Promise.all([stores.postgres.kill(), stores.search.kill()]);
    process.kill(stores.s3.pid, 'SIGSTOP'); // it keeps everything in memory
    const backMs = Date.now() + AWAY_MS;
    await until('a minute to be over', 2 * AWAY_MS, async () => {
      await publishSome();
      return Date.now() >= backMs;
    });
    const writer = platform.service('sink-writer');
    for (const sink of ['ledger', 'search', 'hook']) expect([sink, await told(sink, 'up')]).toEqual([sink, [0]]);
    // A bucket that hangs is waited for longer than that, and the lag tells.
    for (const sink of ['ledger', 'search', 'hook', 'lake']) {
      const lag = await told(sink, 'lag_records');
      expect(lag.reduce((sum, records) => sum + records, 0)).toBeGreaterThan(0);
    }
    expect(writer.child.exitCode).toBeNull();

    process.kill(stores.s3.pid, 'SIGCONT');
    await stores.hook.listen(hookPort);
    stores.postgres = await startPostgres({ dataDir, port });
    await stores.search.restart();
    await publishSome();
    await untilStored(stores);
  }, 600_000);

  async function publishSome(): Promise<void> {
    const events = Array.from({ length: EVENTS }, (_, i) => shopEvent(published + i, START_MS));
    await publish(platform, events);
    published += events.length;
  }

  /** What the writer says of a sink: its values, each once. */
  async function told(sink: string, what: 'up' | 'lag_records'): Promise<number[]> {
    const lines = await platform.metric(platform.service('sink-writer').http, `tillstream_sink_${what}`);
    const own = lines.filter((line) => line.includes(`sink="${sink}"`));
    return [...new Set(own.map((line) => Number(line.split(' ').at(-1))))];
  }

  async function untilStored(running: Stores): Promise<void> {
    let seen: unknown;
    await until('every store to have every row', WITHIN_MS, async () => {
      const [lake, ledger, search] = await Promise.all([
        eventsInLake(LAKE, accessOf(accessTo(running)), platform.stream),
        eventsInPostgres(running.postgres, platform.stream),
        inSearch(running),
      ]);
      const hook = new Set(running.hook.taken.flatMap(({ rows }) => rows.map(({ values }) => values['event_id'])));
      seen = { lake, ledger, search, hook: hook.size };
      return [lake.rows, ledger.rows, search, hook.size].every((rows) => rows >= published);
    }).catch((error: unknown) => {
      throw new Error(`${String(error)}: of ${published}: ${JSON.stringify(seen)}`);
    });
    const all = eachOnce(published);
    expect(seen).toEqual({ lake: all, ledger: all, search: published, hook: published });
  }

  /** Documents: each has the place of its event as its id. */
  async function inSearch({ search }: Stores): Promise<number> {
    await fetch(`${search.address}/shop-events-*/_refresh`, { method: 'POST' });
    const answer = await fetch(`${search.address}/shop-events-*/_count`);
    return Number(((await answer.json()) as { readonly count?: unknown }).count);
  }
});

function accessTo({ s3 }: Stores): Readonly<Record<string, string>> {
  return { ENDPOINT: s3.address, REGION: 'us-east-1', USER: 'any', SECRET: 'any' };
}
