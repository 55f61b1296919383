import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lastBatch } from '@tillstream/engine';
import { SeededRandom } from '@tillstream/engine/testing';
import { plainCommerce } from '../oracle/commerce-definition';
import { differences } from '../simulate/verdict';
import { Workload } from '../simulate/workload';
import { Platform, servers, settled, until } from './platform';
import { POISON, sabotaged } from './sabotage';

const DELIVERIES = 150;
const START_MS = Date.now() - 2 * 3_600_000;
const POISONED = 1;

describe('a record that a service does not survive', () => {
  let platform: Platform;
  const directory = mkdtempSync(join(tmpdir(), 'tillstream-poison-'));

  beforeAll(async () => {
    platform = new Platform((file) => file, sabotaged(directory));
    await platform.createTopics();
    await platform.startAll(['enricher', 'aggregator']);
  }, 120_000);

  afterAll(async () => {
    await platform.stop();
    rmSync(directory, { recursive: true });
  }, 60_000);

  it('stops its partition alone at the third try, and `till skip` leads on behind it', async () => {
    const { schema, topics } = platform.definition;
    const workload = new Workload(new SeededRandom(11), {
      partitions: schema.partitions,
      users: 30,
      startMs: START_MS,
      spacingMs: 400,
      disorderMs: 5_000,
      late: 0,
      duplicates: 0.02,
      bad: 0.02,
      misplaced: 0,
    });
    const send = async (): Promise<void> => {
      for (let i = 0; i < DELIVERIES; i += 1) {
        for (const { partition, records } of workload.next(START_MS + 3_600_000)) {
          await platform.writer.append(topics.raw, partition, records);
        }
      }
    };
    await send();
    const poisonAt = await platform.reader.end(topics.raw, POISONED);
    await platform.writer.append(topics.raw, POISONED, [POISON]);
    await send();

    const enricher = platform.processes[0];
    if (!enricher) throw new Error('the enricher has not started');
    const stopped = (): Promise<string[]> => platform.metric(enricher.http, 'tillstream_stopped');
    await until('the partition to stop', 60_000, async () => (await stopped()).some((line) => line.endsWith(' 1')));
    expect((await stopped()).filter((line) => line.endsWith(' 1'))).toEqual([
      expect.stringContaining(`partition="${POISONED}"`),
    ]);
    const log = readFileSync(join(platform.directory, `enricher-${enricher.http}.log`), 'utf8');
    expect(log).toContain(`from raw offset ${poisonAt} ended in a crash`);
    await until('the others to go on', 60_000, async () => {
      for (let partition = 0; partition < schema.partitions; partition += 1) {
        const next = (await lastBatch(platform.reader, platform.definition, partition))?.batch.rawNext ?? 0;
        if (partition !== POISONED && next < (await platform.reader.end(topics.raw, partition))) return false;
      }
      return true;
    });

    till(`skip enricher ${platform.stream} ${POISONED} ${poisonAt} ${poisonAt + 1} --reason poison --yes`);
    await platform.advance(START_MS + 5_400_000);
    await settled(platform, (readTopic) => differences(platform.definition, plainCommerce, readTopic));
    expect((await stopped()).filter((line) => line.endsWith(' 1'))).toEqual([]);
  }, 240_000);

  function till(line: string): void {
    const { status, stderr } = spawnSync(process.execPath, ['dist/apps/cli/main.js', ...line.split(' ')], {
      env: { ...process.env, KAFKA_BROKERS: servers().brokers.join(','), STREAM_FILES: platform.streamFile },
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(stderr);
  }
});
