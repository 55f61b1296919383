import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SeededRandom } from '@tillstream/engine/testing';
import { plainCommerce } from '../oracle/commerce-definition';
import { QueryClient } from '../rig/query-client';
import { changedCommerce, withChange } from '../simulate/changed-commerce';
import { differences } from '../simulate/verdict';
import { Workload } from '../simulate/workload';
import type { CommandOutcome } from './till';
import { till } from './till';
import { Platform, settled } from './platform';

const SEED = Number(process.env['TILLSTREAM_E2E_SEED'] ?? 4_077);
const DELIVERIES = 400;
/** Two hours ago: so much event time has passed that an `advance` may close everything. */
const START_MS = Date.now() - 2 * 3_600_000;

describe('a stream file that is put live under load', () => {
  const platform = new Platform();
  const change = changedCommerce(platform.definition);
  const changedFile = join(platform.directory, 'changed.yaml');

  beforeAll(async () => {
    writeFileSync(changedFile, change.definition.text);
    await platform.createTopics();
    await platform.startAll(['gateway', 'enricher', 'aggregator', 'aggregator', 'query-api']);
  }, 120_000);

  afterAll(() => platform.stop(), 60_000);

  it(`loses no event, counts none twice, and has new metrics whole from where it says (seed ${SEED})`, async () => {
    const workload = new Workload(new SeededRandom(SEED), {
      partitions: platform.definition.schema.partitions,
      users: 30,
      startMs: START_MS,
      spacingMs: 400,
      disorderMs: 5_000,
      late: 0.03,
      duplicates: 0.05,
      bad: 0.02,
      misplaced: 0.05,
    });
    let applied: CommandOutcome | null = null;
    for (let sent = 0, behind = 0; behind < DELIVERIES / 2; sent += 1) {
      for (const { partition, records } of workload.next(START_MS + 3_600_000)) {
        await platform.writer.append(platform.definition.topics.raw, partition, records);
      }
      if (sent === DELIVERIES / 2) void till(platform, 'apply', changedFile).then((outcome) => (applied = outcome));
      if (applied !== null) behind += 1;
    }
    const { stdout: said } = applied as unknown as CommandOutcome;
    expect(applied).toMatchObject({ code: 0, stdout: expect.stringContaining('+ field coupon: string, optional') });

    // Whoever starts now has the old file, and works under the new one all the same.
    await platform.killAndRestart(platform.service('aggregator'));
    await platform.allReady();
    await platform.advance(START_MS + 5_400_000);

    const plain = withChange(plainCommerce);
    await settled(platform, (readTopic) => differences(platform.definition, plain, readTopic, change));
    await tellsWhatIsWhole(said);
    // Whoever names the file from before gets the numbers of the one in force.
    const verified = await till(platform, 'verify');
    expect(verified).toMatchObject({ code: 0, stderr: expect.stringContaining('was put live after') });
    expect(verified.stdout).toMatch(/^spending +[0-9a-f]{8} +\d+ +0$/m);
  }, 240_000);

  /** The query API names the same first whole window as the command did, and what went can still be asked for. */
  async function tellsWhatIsWhole(said: string): Promise<void> {
    const client = new QueryClient(`127.0.0.1:${platform.service('query-api').grpc}`);
    try {
      const { metrics } = await client.listMetrics({ stream: platform.stream, includeRetired: true });
      const declared = metrics.filter(({ retired }) => !retired).map(({ name }) => name);
      expect(declared).toEqual(['revenue_by_category', 'events_by_type', 'spending']);
      expect(
        metrics
          .filter(({ retired }) => retired)
          .map(({ name }) => name)
          .sort(),
      ).toEqual([...change.removed].sort());
      for (const name of change.added) {
        const [, fromText = ''] =
          new RegExp(`${name}: complete for windows that begin at or after (\\S+)`).exec(said) ?? [];
        const metric = metrics.find((found) => found.name === name);
        const hopMs = Number(metric?.windowHop?.seconds) * 1_000;
        const completeMs = Number(metric?.completeFrom?.seconds) * 1_000;
        expect([name, completeMs]).toEqual([name, Math.ceil(Date.parse(fromText) / hopMs) * hopMs]);
      }
      const old = platform.definition.metrics.find(({ name }) => name === 'conversion_funnel');
      const { windows } = await client.listWindows({ stream: platform.stream, metric: old?.identity ?? '' });
      expect(windows.length).toBeGreaterThan(0);
    } finally {
      client.close();
    }
  }
});
