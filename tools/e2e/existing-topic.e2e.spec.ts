import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { SeededRandom } from '@tillstream/shop-events';
import { Kafka, logLevel } from 'kafkajs';
import { plainCommerce } from '../oracle/commerce-definition';
import { differences } from '../simulate/verdict';
import { foreignEvents } from './clients/foreign-events';
import { runProgram } from './clients/programs';
import { acceptedIds, sendWithKafkajs } from './clients/sending';
import { Platform, servers, settled } from './platform';

const MINUTE = 60_000;
/** Two hours ago: so much event time has passed that an `advance` may close everything. */
const START_MS = Date.now() - 120 * MINUTE;
const RAW = `ecommerce-events-${randomBytes(4).toString('hex')}`;

describe('a topic that was there before Tillstream, with a name of its own and events in it', () => {
  const platform = new Platform((streamFile) => `${streamFile}\ntopics: { raw: ${RAW} }\n`);
  const random = new SeededRandom(11);
  const events = (ids: string) => foreignEvents(random, { count: 60, ids, startMs: START_MS });
  const before = events('before');
  const after = events('after');

  const till = (...args: string[]) =>
    runProgram(process.execPath, [join(process.cwd(), 'dist/apps/cli/main.js'), ...args], {
      environment: { STREAM_FILES: platform.streamFile, KAFKA_BROKERS: servers().brokers.join(',') },
    });

  beforeAll(async () => {
    const admin = new Kafka({ brokers: servers().brokers, logLevel: logLevel.ERROR }).admin();
    await admin.connect();
    const configEntries = [{ name: 'message.timestamp.type', value: 'CreateTime' }];
    await admin.createTopics({ waitForLeaders: true, topics: [{ topic: RAW, numPartitions: 4, configEntries }] });
    await admin.disconnect();
    await sendWithKafkajs(RAW, before, { codecs: ['gzip'] });
  }, 60_000);

  afterAll(() => platform.stop(), 60_000);

  it.each(['gateway', 'enricher', 'aggregator'] as const)(
    '%s refuses it as it is, and names the remedy',
    async (service) => {
      const { code, said } = await platform.refusal(service, {});
      expect(code).toBe(1);
      expect(said).toContain(`${RAW}: message.timestamp.type is CreateTime, must be LogAppendTime`);
      expect(said).toContain('till topics --fix');
    },
    60_000,
  );

  it('till topics says the same, and --fix sets what is wrong', async () => {
    expect(await till('topics')).toMatchObject({ code: 1, stdout: expect.stringContaining('must be LogAppendTime') });
    expect(await till('topics', '--fix')).toMatchObject({
      code: 0,
      stderr: expect.stringContaining(`set ${RAW}: message.timestamp.type=LogAppendTime`),
    });
    expect(await till('topics')).toMatchObject({ code: 0, stdout: expect.stringContaining(`ok    ${RAW}`) });
  }, 60_000);

  it('then services start and read what was there, and what comes later', async () => {
    await platform.startAll();
    await sendWithKafkajs(RAW, after);
    expect((await acceptedIds(platform)).sort()).toEqual([...before, ...after].map((event) => event.event_id).sort());

    await platform.advance(START_MS + 90 * MINUTE);
    await settled(platform, (readTopic) => differences(platform.definition, plainCommerce, readTopic));
  }, 240_000);
});
