import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startRedis } from '@tillstream/local';
import { Platform } from './platform';

describe('a service refuses to start, with every reason and the remedy', () => {
  const platform = new Platform();
  const text = readFileSync(platform.streamFile, 'utf8');

  /** The platform's stream file with changes, under another name. */
  const changed = (name: string, change: (text: string) => string): string => {
    const file = join(platform.directory, name);
    writeFileSync(file, change(text));
    return file;
  };

  beforeAll(() => platform.createTopics(), 60_000);
  afterAll(() => platform.stop(), 60_000);

  it.each(['gateway', 'enricher', 'aggregator', 'query-api'] as const)(
    '%s: five mistakes in a stream file',
    async (service) => {
      const file = changed('mistakes.yaml', (same) =>
        same
          .replace('groupBy: [category]', 'groupBy: [categorie]')
          .replace('total_revenue: sum(revenue)', 'total_revenue: sum(category)')
          .replace('window: { size: 5m, hop: 1m }', 'window: { size: 5m, hop: 7m }')
          .replace('having: total_spent > 100', 'having: total_spend > 100')
          .replace('idleAfter: 10s', 'idleAfterwards: 10s'),
      );
      const { code, said } = await platform.refusal(service, { STREAM_FILES: file });
      expect(code).toBe(1);
      const lines = said.split('\n').filter((line) => line.startsWith(`${file}:`));
      expect(lines).toHaveLength(5);
      for (const word of ['categorie', 'sum(category)', 'hop', 'total_spend', 'idleAfterwards']) {
        expect(lines.filter((line) => line.includes(word))).not.toEqual([]);
      }
      for (const line of lines) expect(line).toMatch(/:\d+:\d+: /);
    },
    60_000,
  );

  it('a topic with another partition count than the stream file', async () => {
    const file = changed('partitions.yaml', (same) => same.replace(/^partitions: \d+/m, 'partitions: 8'));
    const { code, said } = await platform.refusal('aggregator', { STREAM_FILES: file });
    expect(code).toBe(1);
    expect(said).toContain(platform.definition.topics.raw);
    expect(said).toMatch(/8/);
  }, 60_000);

  it('a stream file that means something else than the one the topics were created for', async () => {
    const file = changed('other.yaml', (same) => same.replace('size: 1m, hop: 30s', 'size: 2m, hop: 30s'));
    const { code, said } = await platform.refusal('enricher', { STREAM_FILES: file });
    expect(code).toBe(1);
    expect(said).toContain('another stream file is in force');
  }, 60_000);

  it('a Redis that throws state away when it is full', async () => {
    const settings = { maxmemory: '50mb', 'maxmemory-policy': 'allkeys-lru' };
    const redis = await startRedis({ dataDir: join(platform.directory, 'redis'), settings });
    try {
      const { code, said } = await platform.refusal('aggregator', { REDIS_URL: redis.address });
      expect(code).toBe(1);
      expect(said).toContain('CONFIG SET maxmemory-policy noeviction');
    } finally {
      await redis.stop();
    }
  }, 60_000);

  it('an environment with several mistakes', async () => {
    const { code, said } = await platform.refusal('gateway', { KAFKA_BROKERS: 'nowhere', HTTP_PORT: '99999' });
    expect(code).toBe(1);
    expect(said).toContain('KAFKA_BROKERS');
    expect(said).toContain('HTTP_PORT');
  }, 60_000);
});
