import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NO_ACCESS } from '@tillstream/adapter-lake';
import { startPostgres } from '@tillstream/local';
import type { ServiceProcess } from './platform';
import { Platform, until } from './platform';
import { eachOnce, eventsInLake, eventsInPostgres, shopEvent, type StoredEvents } from './stored-rows';
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
      const events = Array.from({ length: EVENTS / 5 }, (_, i) => shopEvent(published + i, START_MS));
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

  const inLake = (): Promise<StoredEvents> => eventsInLake(platform.lake, NO_ACCESS, platform.stream);
  const inPostgres = (): Promise<StoredEvents> => eventsInPostgres(postgres as Postgres, platform.stream);

  async function untilStored(): Promise<void> {
    let seen: unknown;
    await until('both to have all', WITHIN_MS, async () => {
      const [lake, ledger] = [await inLake(), await inPostgres()];
      seen = { lake, ledger, published };
      return lake.rows >= published && ledger.rows >= published;
    }).catch((error: unknown) => {
      throw new Error(`${String(error)}: ${JSON.stringify(seen)}`);
    });
    const all = eachOnce(published);
    expect({ lake: await inLake(), ledger: await inPostgres() }).toEqual({ lake: all, ledger: all });
  }

  /** Of all partitions and feeds. */
  async function lagOf({ http }: ServiceProcess, sink: string): Promise<number> {
    const lines = await platform.metric(http, 'tillstream_sink_lag_records');
    const own = lines.filter((line) => line.includes(`sink="${sink}"`));
    if (own.length === 0) throw new Error(`the lag of ${sink} is not told`);
    return own.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  }
});
