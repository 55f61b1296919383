import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDbSession, LakeTable, NO_ACCESS, openObjectStore, readFiles } from '@tillstream/adapter-lake';
import { startPostgres } from '@tillstream/local';
import { Client } from 'pg';
import type { ServiceProcess } from './platform';
import { Platform, until } from './platform';
import { publish } from './through-gateway';

jest.setTimeout(300_000);

const WITHIN_MS = 90_000;
const STOPPED_MS = 15_000; // longer than a group waits for a silent member
const ROUNDS = 4;
const EVENTS = 500;
const START_MS = Date.now() - 3_600_000;

type Postgres = Awaited<ReturnType<typeof startPostgres>>;

/** A lake, and a PostgreSQL that is there or not. */
describe('stores outside of a real platform', () => {
  const directory = mkdtempSync(join(tmpdir(), 'tillstream-e2e-sinks-'));
  let postgres: Postgres | null = null;
  let platform: Platform;
  let published = 0;

  beforeAll(async () => {
    postgres = await startPostgres({ dataDir: directory }).catch((error: unknown) => {
      if (process.env['CI'] !== undefined) throw error;
      process.stderr.write(`skipped: stores outside, since there is no PostgreSQL: ${String(error)}\n`);
      return null;
    });
    if (postgres === null) return;
    const { port, user, password } = postgres;
    const ledger = `ledger: {type: postgres, what: [events, finals], where: 'postgres://127.0.0.1:${port}/postgres', flush: {every: 500ms}}`;
    platform = new Platform(
      (text) => `${text.replace(/^lake:.*(\n[ #].*)*\n/m, '')}\nlake: {roll: {every: 500ms}}\nsinks:\n  ${ledger}\n`,
      { TILLSTREAM_SINK_LEDGER_USER: user, TILLSTREAM_SINK_LEDGER_PASSWORD: password },
    );
    await platform.createTopics();
    await platform.startAll(['gateway', 'enricher', 'aggregator', 'sink-writer']);
  }, 180_000);

  afterAll(async () => {
    await platform?.stop();
    await postgres?.stop();
    rmSync(directory, { recursive: true, force: true });
  }, 60_000);

  it('go each at their own pace: what one does not take reaches the other, and is made up for', async () => {
    if (postgres === null) return;
    await publishSome();
    await untilStored();
    const writer = platform.service('sink-writer');

    await postgres.signal('SIGSTOP');
    try {
      await publishSome();
      await until('the lake to have all', WITHIN_MS, async () => (await inLake()).rows === published);
      await until('the lag to be told', WITHIN_MS, async () => (await lagOf(writer, 'ledger')) > 0);
      await until('the lake to have every feed', WITHIN_MS, async () => (await lagOf(writer, 'lake')) === 0);
      expect(await lagOf(writer, 'ledger')).toBeGreaterThan(0);
      await platform.ready(writer);
    } finally {
      await postgres.signal('SIGCONT');
    }
    await untilStored();
    await until('the lag to be made up for', WITHIN_MS, async () => (await lagOf(writer, 'ledger')) === 0);
  });

  it('have every row once, whoever is killed or stopped while writing', async () => {
    if (postgres === null) return;
    const first = platform.service('sink-writer');
    const second = await platform.start('sink-writer');
    await platform.ready(second);
    for (let round = 0; round < ROUNDS; round += 1) {
      const victim = round % 2 === 0 ? first : second;
      await publishSome();
      if (round < 2) await platform.killAndRestart(victim);
      else await stopForLong(victim);
    }
    await platform.allReady();
    await untilStored();
  });

  async function publishSome(): Promise<void> {
    for (let batch = 0; batch < 5; batch += 1) {
      const events = Array.from({ length: EVENTS / 5 }, (_, i) => anEvent(published + i));
      await publish(platform, events);
      published += events.length;
    }
  }

  /** As a machine that hangs: others take over, and it goes on where it was. */
  async function stopForLong({ child }: ServiceProcess): Promise<void> {
    child.kill('SIGSTOP');
    await publishSome();
    await new Promise((resolve) => setTimeout(resolve, STOPPED_MS));
    child.kill('SIGCONT');
  }

  async function untilStored(): Promise<void> {
    let seen: unknown;
    await until('both to have all', WITHIN_MS, async () => {
      const [lake, ledger] = [await inLake(), await inPostgres()];
      seen = { lake, ledger, published };
      return lake.rows >= published && ledger.rows >= published;
    }).catch((error: unknown) => {
      throw new Error(`${String(error)}: ${JSON.stringify(seen)}`);
    });
    const all = { rows: published, places: published, ids: published };
    expect({ lake: await inLake(), ledger: await inPostgres() }).toEqual({ lake: all, ledger: all });
  }

  async function inLake(): Promise<Counts> {
    const table = new LakeTable(openObjectStore(platform.lake, NO_ACCESS), `${platform.stream}/events`);
    const snapshot = await table.snapshot();
    if (snapshot === null) return NOTHING;
    const files = await Promise.all(
      [...snapshot.files.values()].map(async (file) => ({ local: await table.local(file), partition: file.partition })),
    );
    const session = await DuckDbSession.open({ memoryBytes: 128 * 1024 ** 2, threads: 1, temporary: null });
    try {
      const relation = readFiles(snapshot.columns, snapshot.partitionBy, files);
      const [row] = await session.rows(`SELECT ${COUNTS} FROM (${relation})`);
      return counts(Object.values(row ?? {}));
    } finally {
      await session.close();
    }
  }

  async function inPostgres(): Promise<Counts> {
    const { port, user, password } = postgres as Postgres;
    const client = new Client({ host: '127.0.0.1', port, user, password, database: 'postgres' });
    await client.connect();
    try {
      const { rows } = await client.query({
        text: `SELECT ${COUNTS} FROM "${platform.stream}".events`,
        rowMode: 'array',
      });
      return counts((rows as unknown[][])[0] ?? []);
    } catch (error) {
      if ((error as { readonly code?: string }).code === UNDEFINED_TABLE) return NOTHING;
      throw error;
    } finally {
      await client.end();
    }
  }

  /** Of all partitions and feeds. */
  async function lagOf({ http }: ServiceProcess, sink: string): Promise<number> {
    const lines = await platform.metric(http, 'tillstream_sink_lag_records');
    const own = lines.filter((line) => line.includes(`sink="${sink}"`));
    if (own.length === 0) throw new Error(`the lag of ${sink} is not told`);
    return own.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  }
});

const UNDEFINED_TABLE = '42P01';
const COUNTS = `count(*) AS a, count(DISTINCT (_partition, _offset, _index)) AS b, count(DISTINCT event_id) AS c`;

interface Counts {
  readonly rows: number;
  readonly places: number;
  readonly ids: number;
}

const NOTHING: Counts = { rows: 0, places: 0, ids: 0 };

function counts([rows, places, ids]: readonly unknown[]): Counts {
  return { rows: Number(rows), places: Number(places), ids: Number(ids) };
}

function anEvent(n: number): string {
  const kinds = ['page_view', 'add_to_cart', 'purchase'];
  return JSON.stringify({
    event_id: `e${n}`,
    event_type: kinds[n % kinds.length],
    timestamp: new Date(START_MS + n * 200).toISOString(),
    user_id: `u${n % 50}`,
    product_id: `p${n % 7}`,
    category: `c${n % 3}`,
    price: 9.95,
    quantity: 1,
  });
}
