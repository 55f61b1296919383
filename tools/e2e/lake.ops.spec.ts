import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import { findPython, startS3 } from '@tillstream/local';
import { lakeAgrees, withQuickLake } from './lake/lake-rows';
import type { ServiceName, ServiceProcess } from './platform';
import { Platform, SERVICES, isEnriched, servers, until } from './platform';
import { publish } from './through-gateway';
import { till } from './till';
import { trackedShop } from './tracked-shop';
import { visitsVerified } from './visits';

jest.setTimeout(300_000);

const WITHIN_MS = 60_000;
/** Longer than a group waits for a silent member. */
const HANGS_MS = 12_000;
const BUCKET_HANGS_MS = 4_000;
const START_MS = Date.parse('2026-01-05T23:30:00Z');
const MINUTE_MS = 60_000;
const EVENTS = 240;
const ROUNDS = 4;
/** What tells results, and who writes them down: each is killed once. */
const KILLED: readonly ServiceName[] = ['sink-writer', 'aggregator', 'session-tracker', 'enricher'];
const KEPT = ['metrics', 'sessions', 'attributions'] as const;
const WINDOWS = ['query', 'windows', 'revenue_by_category', '--all', '--final', '--json'] as const;
const SESSIONS = ['sessions', '--limit', '100000', '--json'] as const;
const ATTRIBUTIONS = ['attributions', '--limit', '100000', '--json'] as const;

const there = findPython('the lake in a bucket') !== null;

(there ? describe : describe.skip)('a lake in a bucket', () => {
  const directory = mkdtempSync(join(tmpdir(), 'tillstream-e2e-lake-'));
  let s3: Awaited<ReturnType<typeof startS3>>;
  let platform: Platform;
  let published = 0;

  beforeAll(async () => {
    s3 = await startS3({ dataDir: directory, buckets: ['lake'] });
    platform = new Platform((text) => withQuickLake(trackedShop(text)), {
      TILLSTREAM_SINK_LAKE_WHERE: 's3://lake/shops',
      TILLSTREAM_SINK_LAKE_ENDPOINT: s3.address,
      TILLSTREAM_SINK_LAKE_REGION: 'us-east-1',
      TILLSTREAM_SINK_LAKE_USER: 'any',
      TILLSTREAM_SINK_LAKE_SECRET: 'any',
    });
    await platform.createTopics();
    await platform.startAll([...SERVICES, 'sink-writer', 'sink-writer']);
  }, 180_000);

  afterAll(async () => {
    await platform?.stop();
    await s3?.stop();
    rmSync(directory, { recursive: true, force: true });
  }, 60_000);

  it('has every row of every feed once, whoever is killed or hangs, and while the bucket does not answer', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      await publishSome();
      await platform.killAndRestart(platform.service(KILLED[round] ?? 'sink-writer'));
      await publishSome();
      if (round === 1) await hang(asProcess(s3), BUCKET_HANGS_MS);
      if (round === 2) await hang(platform.service('sink-writer').child, HANGS_MS);
    }
    await platform.allReady();
    await until('everything to be enriched', WITHIN_MS, () => isEnriched(platform));
    await platform.advance(START_MS + published * 2_000 + 60 * MINUTE_MS);
    await visitsVerified(platform);
    const reports = await lakeAgrees(platform);
    const compared = Object.entries(reports).map(([feed, { compared: rows, equal }]) => [feed, rows, equal] as const);
    for (const [feed, rows, equal] of compared) expect([feed, equal]).toEqual([feed, rows]);
    expect(Object.keys(reports).sort()).toEqual(
      ['attributions', 'dead_letters', 'events', 'finals', 'late', 'sessions'], // prettier-ignore
    );
    expect(reports['events']).toMatchObject({ compared: published });
    expect(reports['dead_letters']).toMatchObject({ compared: published / EVENTS });
  });

  it('gives emptied topics back what they held, byte for byte, and the query API its answers', async () => {
    const before = await results();
    const answered = await answers();
    const windows = await linesOf(WINDOWS);
    expect(windows.length).toBeGreaterThan(0);
    await empty();
    await platform.killAndRestart(platform.service('query-api'));
    await platform.ready(platform.service('query-api'));
    expect(await results()).toEqual(new Map());
    // Of windows the lake is asked where the view has nothing.
    expect(await linesOf(WINDOWS)).toEqual(windows);

    const restored = await till(platform, 'restore', '--from', 'lake', '--json');
    expect(restored).toMatchObject({ code: 0 });
    expect(await results()).toEqual(before);
    await until('the answers to be back', WITHIN_MS, async () => (await answers()).length >= answered.length);
    expect(await answers()).toEqual(answered);
    const verified = await till(platform, 'verify');
    expect(verified).toMatchObject({ code: 0, stdout: expect.stringContaining('every one is what raw gives') });

    const again = await till(platform, 'restore', '--from', 'lake');
    expect(again.stdout).toMatch(/^finals: 0 published, [\d,]+ stood there already\.$/m);
    const reports = await lakeAgrees(platform); // the sink-writer has read them once more
    for (const [feed, { compared, equal }] of Object.entries(reports)) expect([feed, equal]).toEqual([feed, compared]);
  });

  /** Purchases behind views, some of them too late, and what is no event. */
  async function publishSome(): Promise<void> {
    const kinds = ['page_view', 'page_view', 'add_to_cart', 'purchase'];
    const events = Array.from({ length: EVENTS }, (_, i) => {
      const n = published + i;
      const isLate = n % 60 === 59 && n > EVENTS;
      return JSON.stringify({
        event_id: `e${n}`,
        event_type: kinds[(n >> 4) % kinds.length],
        timestamp: new Date(START_MS + (isLate ? 0 : n * 2_000)).toISOString(),
        ...{ user_id: `u${n % 16}`, product_id: `p${n % 3}`, category: `c${n % 3}`, price: 60.05, quantity: 2 },
        session_id: `s${n % 20}`,
      });
    });
    await publish(platform, events);
    published += events.length;
    await platform.writer.append(platform.definition.topics.raw, published % 4, [
      { key: null, value: Buffer.from('{"event_id":') },
    ]);
  }

  /** As a machine that hangs: others take over, and it goes on where it was. */
  async function hang(victim: Pick<ServiceProcess['child'], 'kill'>, forMs: number): Promise<void> {
    victim.kill('SIGSTOP');
    await publishSome();
    await new Promise((resolve) => setTimeout(resolve, forMs));
    victim.kill('SIGCONT');
  }

  /** Finals, sessions and attributions as they stand in their topics. */
  async function results(): Promise<ReadonlyMap<string, string>> {
    const found = new Map<string, string>();
    for (const role of KEPT) {
      const partitions = await platform.readTopic(platform.definition.topics[role]);
      for (const [partition, records] of partitions.entries()) {
        for (const { key, value } of records) {
          const name = Buffer.from(key ?? []).toString();
          if (role === 'metrics' && !name.startsWith('f|')) continue;
          found.set(`${role}/${partition} ${name}`, Buffer.from(value ?? []).toString());
        }
      }
    }
    return found;
  }

  async function answers(): Promise<string[]> {
    const lines: string[] = [];
    for (const question of [WINDOWS, SESSIONS, ATTRIBUTIONS]) lines.push(...(await linesOf(question)));
    return lines.sort();
  }

  async function linesOf([command, ...args]: readonly [string, ...string[]]): Promise<string[]> {
    const { stdout } = await till(platform, command, ...args);
    return stdout.split('\n').filter((line) => line !== '');
  }

  async function empty(): Promise<void> {
    const admin = new Kafka({ brokers: servers().brokers, logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    try {
      for (const role of KEPT) {
        const topic = platform.definition.topics[role];
        const ends = await admin.fetchTopicOffsets(topic);
        await admin.deleteTopicRecords({
          topic,
          partitions: ends.map(({ partition, high }) => ({ partition, offset: high })),
        });
      }
    } finally {
      await admin.disconnect();
    }
  }
});

/** A server of the local stack, to be stopped as a process is. */
function asProcess(server: { kill(signal: NodeJS.Signals): Promise<void> }) {
  return { kill: (signal: NodeJS.Signals | number = 'SIGTERM') => (void server.kill(signal as NodeJS.Signals), true) };
}
