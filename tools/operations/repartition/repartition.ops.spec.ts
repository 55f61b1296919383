import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { HEADER, decodeLateRows, decodeMetricsRecord, headerText } from '@tillstream/contracts';
import { SeededRandom } from '@tillstream/engine/testing';
import { Platform, settled } from '../../e2e/platform';
import { till } from '../../e2e/till';
import { plainTrackedShop, trackedShop } from '../../e2e/tracked-shop';
import { differences } from '../../simulate/verdict';
import { Workload } from '../../simulate/workload';

const WORKERS = ['enricher', 'aggregator', 'session-tracker'] as const;
const BEFORE = 4;
const AFTER = 12;
const DELIVERIES = 500;
/** Two hours ago: so much event time has passed that an `advance` may close everything. */
const START_MS = Date.now() - 2 * 3_600_000;

describe('till repartition', () => {
  const old = new Platform(trackedShop);
  let next: Platform | null = null;
  const file = join(old.directory, 'next.yaml');
  const repartition = (...more: readonly string[]) =>
    till(old, 'repartition', old.stream, '--partitions', String(AFTER), '--out', file, ...more);

  beforeAll(async () => {
    await old.createTopics();
    await old.startAll(WORKERS);
  }, 120_000);

  afterAll(async () => {
    await next?.stop();
    await old.stop();
  }, 60_000);

  it(`gives a stream under way ${AFTER} partitions in place of ${BEFORE}, and every number stays what it was`, async () => {
    const workload = new Workload(new SeededRandom(11), {
      partitions: BEFORE,
      users: 60,
      startMs: START_MS,
      spacingMs: 400,
      disorderMs: 5_000,
      late: 0.03,
      duplicates: 0.05,
      bad: 0.03,
      misplaced: 0.1,
    });
    const send = async (deliveries: number): Promise<void> => {
      for (let i = 0; i < deliveries; i += 1) {
        const some = workload.next(START_MS + 3_600_000);
        const { raw } = old.definition.topics;
        await Promise.all(some.map(({ partition, records }) => old.writer.append(raw, partition, records)));
      }
    };
    await send(DELIVERIES / 2);
    // While events come: what there is by then, and once more what has come meanwhile.
    const copies = await Promise.all([repartition(), send(DELIVERIES / 4)]);
    expect(copies[0]).toMatchObject({ code: 0, stdout: expect.stringContaining('Run this again') });
    expect(await repartition()).toMatchObject({ code: 0 });
    await send(DELIVERIES / 4);
    await old.advance(START_MS + 5_400_000);
    await settled(old, (readTopic) => differences(old.definition, plainTrackedShop, readTopic));

    expect(await repartition('--finish')).toMatchObject({ code: 0, stdout: expect.stringContaining('is complete') });
    expect(await repartition('--finish')).toMatchObject({ code: 0 });
    expect(await repartition()).toMatchObject({ code: 1, stderr: expect.stringContaining('has been finished') });

    next = new Platform(() => readFileSync(file, 'utf8'), {}, null, old.stream);
    expect(next.definition).toMatchObject({ generation: 2, schema: { partitions: AFTER } });
    await next.startAll([...WORKERS, 'query-api']);
    const plain = { ...plainTrackedShop, partitions: AFTER };
    await settled(next, (readTopic) => differences(next?.definition ?? old.definition, plain, readTopic));

    const [was, is] = [await told(old), await told(next)];
    expect(is).toEqual(was);
    expect(Object.values(was).map(({ length }) => length > 10)).toEqual([true, true, true]);
    const filled = (await next.readTopic(next.definition.topics.raw)).filter((records) => records.length > 20);
    expect(filled.length).toBe(AFTER);
    const answer = await till(next, 'query', 'windows', 'revenue_by_category', '--json', '--all');
    expect(answer.stdout).toContain('"final":true');
  }, 400_000);

  it('refuses a number that does not keep the order of events, and says which would', async () => {
    const refused = await till(old, 'repartition', old.stream, '--partitions', '6', '--out', `${file}.6`);
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('must be a multiple of 4, such as 8') });
    expect(existsSync(`${file}.6`)).toBe(false);
  });
});

/** Everything that is told, by what it is about: where it stands is different. */
async function told(platform: Platform): Promise<Readonly<Record<'finals' | 'late' | 'deadLetters', string[]>>> {
  const { topics } = platform.definition;
  const read = async (topic: string) => (await platform.readTopic(topic)).flat();
  const finals = new Set<string>();
  for (const record of (await read(topics.metrics)).map(decodeMetricsRecord)) {
    if (record.kind !== 'result' || !record.final) continue;
    const { identity, startMs, endMs, group, measures } = record;
    finals.add(JSON.stringify([identity, startMs, endMs, group, measures]));
  }
  const late = new Map<string, string>();
  for (const { id, identity, missedMs, latenessMs, json } of (await read(topics.late)).flatMap(decodeLateRows)) {
    late.set(id, JSON.stringify([identity, missedMs, latenessMs, json]));
  }
  const deadLetters = (await read(topics.deadLetters)).map(
    ({ value, headers }) => `${headerText(headers, HEADER.code)} ${new TextDecoder().decode(value ?? undefined)}`,
  );
  return { finals: [...finals].sort(), late: [...late.values()].sort(), deadLetters: deadLetters.sort() };
}
