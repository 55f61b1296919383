import { decodeMetricsRecord } from '@tillstream/contracts';
import type { NewRecord } from '@tillstream/engine';
import { SeededRandom } from '@tillstream/engine/testing';
import { differences } from '../simulate/verdict';
import type { Delivery } from '../simulate/workload';
import { Workload } from '../simulate/workload';
import { Platform, settled, until } from './platform';
import { post } from './through-gateway';
import { till } from './till';
import { plainTrackedShop, trackedShop } from './tracked-shop';

const SEED = Number(process.env['TILLSTREAM_E2E_SEED'] ?? 20_261);
const DELIVERIES = 600;
const KILLS = 8;
const TWICE = ['enricher', 'aggregator', 'session-tracker'] as const;
const GIVE_UP_MS = 60_000;
/** Two hours ago: so much event time has passed that an `advance` may close everything. */
const START_MS = Date.now() - 2 * 3_600_000;

describe('the platform, its processes killed at random', () => {
  const platform = new Platform(trackedShop);

  beforeAll(async () => {
    await platform.createTopics();
    await platform.startAll(['gateway', ...TWICE, ...TWICE, 'query-api']);
  }, 120_000);

  afterAll(() => platform.stop(), 60_000);

  it(`counts every event once (seed ${SEED})`, async () => {
    const random = new SeededRandom(SEED);
    const acknowledged: string[] = [];
    let sent = 0;

    const killing = killNowAndThen(platform, new SeededRandom(SEED + 1), () => sent / DELIVERIES);
    const workload = new Workload(random, {
      partitions: platform.definition.schema.partitions,
      users: 40,
      startMs: START_MS,
      spacingMs: 400,
      disorderMs: 5_000,
      late: 0.03,
      duplicates: 0.05,
      bad: 0.02,
      misplaced: 0.05,
    });
    for (; sent < DELIVERIES; sent += 1) {
      const deliveries = workload.next(START_MS + 3_600_000);
      await Promise.all(deliveries.map((delivery) => send(platform, delivery, random, acknowledged)));
    }
    await killing;
    await platform.allReady();
    await platform.advance(START_MS + 5_400_000);

    await settled(platform, (readTopic) => differences(platform.definition, plainTrackedShop, readTopic));

    const { topics } = platform.definition;
    const raw = (await platform.readTopic(topics.raw))
      .flat()
      .map(({ value }) => new TextDecoder().decode(value ?? undefined));
    const inLog = raw.join('\n');
    expect(acknowledged.filter((id) => !inLog.includes(`"${id}"`))).toEqual([]);
    expect(acknowledged.length).toBeGreaterThan(DELIVERIES / 4);

    const { stdout: lateness } = await till(platform, 'late', '--json');
    const { metrics } = JSON.parse(lateness) as { metrics: SurveyedMetric[] };
    const byTimeAlone = metrics.filter(({ metric }) => metric !== 'sessions');
    expect(byTimeAlone.map(({ in_ledger }) => in_ledger)).toEqual(byTimeAlone.map(({ late }) => late));
    // What came just behind a session's end is late too, though the watermark was not a gap ahead of it.
    for (const { late, in_ledger } of metrics) expect(in_ledger).toBeGreaterThanOrEqual(late);
    expect(Math.max(...metrics.map(({ late }) => late))).toBeGreaterThan(0);

    const verified = await till(platform, 'verify');
    expect(verified).toMatchObject({ code: 0, stdout: expect.stringContaining('every one is what raw gives') });
    await explainOneOfEach(platform);
  }, 300_000);
});

/** Of each metric a final is explained: it is what raw gives, and rows count in it. */
async function explainOneOfEach(platform: Platform): Promise<void> {
  const finals = (await platform.readTopic(platform.definition.topics.metrics))
    .flat()
    .map(decodeMetricsRecord)
    .flatMap((record) => (record.kind === 'result' && record.final ? [record] : []));
  for (const { name } of platform.definition.metrics) {
    const final = finals.findLast(({ metric }) => metric === name);
    expect([name, final]).toEqual([name, expect.anything()]);
    const { group = {}, startMs = 0, measures } = final ?? {};
    const fields = Object.entries(group).flatMap(([field, value]) =>
      value === null
        ? ['--null', field]
        : ['--group', `${field}=${typeof value === 'string' ? value : JSON.stringify(value)}`],
    );
    const window = ['--window', new Date(startMs).toISOString()];
    const { stdout, stderr, code } = await till(platform, 'explain', name, ...window, ...fields, '--json');
    expect({ name, code, stderr }).toMatchObject({ name, code: 0 });
    const explained = JSON.parse(stdout) as Explained;
    expect(explained).toMatchObject({ verdict: 'equal', told: { measures, final: true }, recomputed: { measures } });
    expect(explained.partitions.reduce((sum, { counted }) => sum + counted, 0)).toBeGreaterThan(0);
  }
}

interface SurveyedMetric {
  readonly metric: string;
  readonly late: number;
  readonly in_ledger: number;
}

interface Explained {
  readonly partitions: readonly { readonly counted: number }[];
}

/** Half through the gateway, by a client that sends again until it is answered; half straight into Kafka. */
async function send(
  platform: Platform,
  { partition, records }: Delivery,
  random: SeededRandom,
  acknowledged: string[],
): Promise<void> {
  if (random.chance(0.5)) {
    await platform.writer.append(platform.definition.topics.raw, partition, records);
    return;
  }
  for (const { value } of records) await sendUntilAnswered(platform, value, acknowledged);
}

async function sendUntilAnswered(platform: Platform, body: NewRecord['value'], acknowledged: string[]): Promise<void> {
  const giveUpMs = Date.now() + GIVE_UP_MS;
  for (;;) {
    const answer = await post(platform, body as Uint8Array<ArrayBuffer>).catch(() => null);
    if (answer?.status === 202) {
      const { rejected } = (await answer.json()) as { rejected: readonly { index: number }[] };
      const refused = new Set(rejected.map(({ index }) => index));
      idsOf(body).forEach((id, index) => {
        if (!refused.has(index) && id !== null) acknowledged.push(id);
      });
      return;
    }
    if (answer?.status === 400) return; // nothing in it is an event
    if (Date.now() > giveUpMs) throw new Error(`the gateway has not come back: ${answer?.status ?? 'no answer'}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function idsOf(body: NewRecord['value']): (string | null)[] {
  const parsed = JSON.parse(new TextDecoder().decode(body ?? undefined)) as unknown;
  const events = (Array.isArray(parsed) ? parsed : [parsed]) as { event_id?: string }[];
  return events.map((event) => event.event_id ?? null);
}

/** SIGKILL to one process after the other, spread over the whole load. */
async function killNowAndThen(platform: Platform, random: SeededRandom, progress: () => number): Promise<void> {
  for (let kill = 0; kill < KILLS; kill += 1) {
    const at = (kill + random.next()) / (KILLS + 1);
    await until('the load to go on', 120_000, () => Promise.resolve(progress() >= at));
    await platform.killAndRestart(random.pick(platform.processes));
  }
}
