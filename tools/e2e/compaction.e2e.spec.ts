import type { LogRecord } from '@tillstream/engine';
import { SeededRandom } from '@tillstream/engine/testing';
import { wrongAnswers } from '../chaos/checks/query-answers';
import { plainCommerce } from '../oracle/commerce-definition';
import { demanded, differences } from '../simulate/verdict';
import { Workload } from '../simulate/workload';
import { Platform, settled, until } from './platform';

const DELIVERIES = 120;
const START_MS = Date.now() - 2 * 3_600_000;
/** Compacted as soon as the broker looks, up to the segment that is being written, and that is a short one. */
const EAGER = {
  'segment.ms': '100',
  'min.cleanable.dirty.ratio': '0.0',
  'min.compaction.lag.ms': '0',
  'max.compaction.lag.ms': '100',
  'delete.retention.ms': '0',
};
/** The broker looks every 15 s. */
const COMPACTED_WITHIN_MS = 120_000;

describe('results in a topic that is compacted', () => {
  const platform = new Platform();

  beforeAll(async () => {
    await platform.createTopics({ metrics: EAGER });
    await platform.startAll(['enricher', 'aggregator', 'query-api']);
  }, 120_000);

  afterAll(() => platform.stop(), 60_000);

  it('are final to a new reader although a zombie tells its provisional ones behind them', async () => {
    const { topics, schema } = platform.definition;
    const workload = new Workload(new SeededRandom(5), {
      partitions: schema.partitions,
      users: 30,
      startMs: START_MS,
      spacingMs: 2_000,
      disorderMs: 5_000,
      late: 0.02,
      duplicates: 0,
      bad: 0,
      misplaced: 0,
    });
    for (let i = 0; i < DELIVERIES; i += 1) {
      for (const { partition, records } of workload.next(START_MS + 3_600_000)) {
        await platform.writer.append(topics.raw, partition, records);
      }
    }
    // 1. Provisional results of windows that are still open.
    let stale: LogRecord[][] = [];
    await until('provisional results of every metric', 60_000, async () => {
      stale = (await platform.readTopic(topics.metrics)).map((records) => records.filter(isProvisional));
      const metrics = new Set(stale.flat().map(({ key }) => textOf(key).split('|')[1]));
      return metrics.size === platform.definition.metrics.length;
    });
    // 2. Finals.
    await platform.advance(START_MS + 5_400_000);
    await settled(platform, (readTopic) => differences(platform.definition, plainCommerce, readTopic));
    // 3. An owner that was held up for long writes what it still held, and compaction leaves that alone.
    const repeat = async (): Promise<void> => {
      for (const [partition, records] of stale.entries()) {
        const again = records.map(({ key, value, timestampMs, headers }) => ({ key, value, timestampMs, headers }));
        if (again.length > 0) await platform.writer.append(topics.metrics, partition, again);
      }
    };
    const newest = stale.map((records) => Math.max(-1, ...records.map(({ offset }) => offset)));
    await repeat();
    await until('the older provisional results to be compacted away', COMPACTED_WITHIN_MS, async () => {
      await repeat(); // a segment that nobody writes to is never finished
      const left = await platform.readTopic(topics.metrics);
      return left.every((records, p) => records.every((one) => !isProvisional(one) || one.offset > (newest[p] ?? -1)));
    });
    // 4. Everybody shows the finals, and nothing provisional in windows that are closed.
    await platform.startAll(['query-api']);
    const raw = await platform.readTopic(topics.raw);
    const expected = demanded(platform.definition, plainCommerce, (topic) => (topic === topics.raw ? raw : []));
    expect(expected.finals.length).toBeGreaterThan(100);
    for (const { service, grpc } of platform.processes) {
      if (grpc === null) continue;
      expect(await wrongAnswers(service, grpc, platform.definition, expected)).toEqual([]);
    }
  }, 300_000);
});

function isProvisional({ key, value }: LogRecord): boolean {
  return value !== null && textOf(key).startsWith('p|');
}

function textOf(bytes: Uint8Array | null): string {
  return Buffer.from(bytes ?? []).toString();
}
