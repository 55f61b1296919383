import type { ServiceName, ServiceProcess } from '../../e2e/platform';
import { isEnriched, Platform, until } from '../../e2e/platform';
import { fillWithUsers } from './many-users';
import { startOwnServers } from './own-servers';
import { Probe } from './probe';
import type { Scenario, ScenarioReport } from './scenario';

const USERS = 1_000_000;
const SPAN_MS = 200_000;
const DONE_WITHIN_MS = 300_000;
const ROUNDS = 3;
const SMALL_BYTES = 256 * 1024;
/** What is promised. */
const BACK_WITHIN_MS = 3_000;
const LOADED_WITHIN_MS = 3_000;
const SERVICES = ['gateway', 'enricher', 'aggregator', 'query-api'] as const satisfies readonly ServiceName[];

/** How long the platform is away when a process dies that holds much, and when Redis has lost everything. */
export const recovery: Scenario = {
  name: 'recovery',
  about: `${USERS.toLocaleString('en')} users in open windows: each service killed and started again, then Redis emptied`,
  run: async (say) => {
    const servers = await startOwnServers();
    const platform = new Platform();
    try {
      await platform.createTopics();
      say(`putting an event of each of ${USERS} users into the log`);
      const nowMs = Date.now();
      await fillWithUsers(platform, { users: USERS, fromMs: nowMs - SPAN_MS, toMs: nowMs });
      for (const service of SERVICES) await platform.start(service);
      await platform.allReady();
      return await measure(platform, servers.store, say);
    } finally {
      await platform.stop();
      await servers.stop();
    }
  },
};

type Store = Awaited<ReturnType<typeof startOwnServers>>['store'];

async function measure(platform: Platform, store: Store, say: (text: string) => void): Promise<ScenarioReport> {
  const find = (service: ServiceName): ServiceProcess => {
    const found = platform.processes.find((one) => one.service === service);
    if (!found) throw new Error(`${service} has not been started`);
    return found;
  };
  const aggregator = find('aggregator');
  const probe = new Probe(platform, find('gateway'), find('query-api'));
  const problems: string[] = [];
  const figures: string[] = [];
  try {
    say('waiting until all of it is counted and checkpointed');
    await until('everything to be enriched', DONE_WITHIN_MS, () => isEnriched(platform));
    await probe.answered();
    await until('everything to be checkpointed', DONE_WITHIN_MS, () => isCheckpointed(platform, aggregator));
    const memory = /used_memory_dataset:(\d+)/.exec(String(await store.command('INFO', 'memory')));
    figures.push(`state in Redis: ${(Number(memory?.[1]) / 2 ** 20).toFixed(0)} MiB for ${USERS} users`);
    figures.push(`answer without any fault: ${(await probe.answered()).toFixed(0)} ms`);
    for (const service of SERVICES) {
      for (let round = 0; round < ROUNDS; round += 1) {
        await until('everything to be checkpointed', DONE_WITHIN_MS, () => isCheckpointed(platform, aggregator));
        await platform.killAndRestart(find(service));
        const ms = await probe.answered();
        const loaded = service === 'aggregator' ? await secondsToRestore(platform, aggregator) : null;
        const load = loaded === null ? '' : `, state loaded after ${(loaded * 1000).toFixed(0)} ms`;
        say(`${service} killed: back in the answer ${ms.toFixed(0)} ms after its restart${load}`);
        figures.push(`${service}: back in the answer ${ms.toFixed(0)} ms after its restart${load}`);
        if (ms > BACK_WITHIN_MS) problems.push(`${service} was back in the answer only after ${ms.toFixed(0)} ms`);
        if (loaded !== null && loaded * 1000 > LOADED_WITHIN_MS) {
          problems.push(`the aggregator took ${loaded.toFixed(2)} s to load its state`);
        }
        await platform.ready(find(service));
      }
    }
    const rebuiltMs = await emptyStore(platform, aggregator, store, probe);
    say(`Redis emptied: all partitions rebuilt from the log after ${rebuiltMs.toFixed(0)} ms`);
    figures.push(`Redis emptied: all partitions rebuilt from the log after ${rebuiltMs.toFixed(0)} ms`);
    figures.push(`answer after that: ${(await probe.answered()).toFixed(0)} ms`);
  } finally {
    probe.close();
  }
  return { problems, figures };
}

/** From the moment at which Redis is emptied until every partition has been opened again and has nothing left to read. */
async function emptyStore(platform: Platform, { http }: ServiceProcess, store: Store, probe: Probe): Promise<number> {
  const openings = async (): Promise<number[]> =>
    (await platform.metric(http, 'tillstream_restore_seconds_count')).map(valueOf);
  const before = await openings();
  const sinceMs = performance.now();
  await store.command('FLUSHALL');
  await probe.answered(); // they notice when they have something to write
  await until('all partitions to be rebuilt', DONE_WITHIN_MS, async () => {
    const now = await openings();
    const lags = await platform.metric(http, 'tillstream_lag_records');
    return now.every((count, i) => count > (before[i] ?? 0)) && lags.every((line) => valueOf(line) === 0);
  });
  return performance.now() - sinceMs;
}

/** Next to nothing is waiting for a commit: groups that were sent are noted with the next rows. */
async function isCheckpointed(platform: Platform, { http }: ServiceProcess): Promise<boolean> {
  const lines = await platform.metric(http, 'tillstream_uncommitted_bytes').catch(() => []);
  return lines.length === platform.definition.schema.partitions && lines.every((line) => valueOf(line) < SMALL_BYTES);
}

/** From the assignment of a partition until its state is there: the longest of all partitions. */
async function secondsToRestore(platform: Platform, { http }: ServiceProcess): Promise<number> {
  const lines = await platform.metric(http, 'tillstream_restore_seconds_sum');
  return Math.max(...lines.map(valueOf));
}

function valueOf(line: string): number {
  return Number(line.split(' ').at(-1));
}
