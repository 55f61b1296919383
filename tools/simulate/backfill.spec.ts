import type { StreamDefinition } from '@tillstream/contracts';
import { decodeMetricsRecord, encodeControl, encodeDefinition } from '@tillstream/contracts';
import type { BackfillOptions, BackfillReport, LogWriter } from '@tillstream/engine';
import { BackfillRangeError, FinalStandsError, backfillMetric } from '@tillstream/engine';
import { MemoryLogWriter, SeededRandom } from '@tillstream/engine/testing';
import { definitionFrom } from '@tillstream/contracts/testing';
import type { PlainDefinition } from '../oracle/raw-oracle';
import type { Change } from './change';
import { changedCommerce, withChange } from './changed-commerce';
import { live } from './live';
import { COUPONS, withOtherRules } from './other-rules';
import { MINUTE_MS, PARTITIONS, SlowStage, START_MS, plain as plainStage } from './slow-stage';
import { demanded } from './verdict';
import { problemsOf, readerOf, verified } from './verified';
import type { World } from './world';

const LIVES = 24;
const FIRST_SEED = 55_000;
/** Which of the changed file's metrics are new. */
const [MERGED, LOCAL] = ['events_by_type', 'spending'] as const;

/** Writes to a world that stands still. A writer that dies does so after so many appends. */
function writerOf(world: World, appends = Infinity): LogWriter {
  const turn = { wait: (): Promise<'ready'> => Promise.resolve('ready') };
  const writer = new MemoryLogWriter(world.broker, turn);
  let left = appends;
  return {
    append: (...args) => {
      left -= 1;
      return left < 0 ? Promise.reject(new Error('killed')) : writer.append(...args);
    },
  };
}

function backfilled(
  world: World,
  { definition }: Change,
  name: string,
  options: Partial<BackfillOptions> = {},
): Promise<BackfillReport> {
  const metric = definition.metrics.find((declared) => declared.name === name);
  if (!metric) throw new Error(`no metric ${name}`);
  const ports = { reader: readerOf(world), writer: writerOf(world) };
  const waitForMore = (): Promise<boolean> => Promise.resolve(false);
  return backfillMetric({ ...ports, definition, metric, fromMs: -Infinity, waitForMore, ...options });
}

/** By metric, its finals as lines. */
function finalsOf(world: World, { metrics }: Pick<StreamDefinition, 'metrics'>, name: string): Set<string> {
  const identity = metrics.find((metric) => metric.name === name)?.identity;
  const lines = new Set<string>();
  for (const record of world.recordsOf(world.definition.topics.metrics).flat()) {
    const decoded = decodeMetricsRecord(record);
    if (decoded.kind !== 'result' || !decoded.final || decoded.identity !== identity) continue;
    lines.add(JSON.stringify([decoded.startMs, decoded.group, decoded.measures]));
  }
  return lines;
}

/** What the finals of a metric would be had it been declared all the time. */
function wantedOf(world: World, plain: PlainDefinition, name: string, fromMs: number): Set<string> {
  const { finals } = demanded(world.definition, plain, (topic) => world.recordsOf(topic));
  return new Set(
    finals
      .filter(({ metric, windowStart }) => metric === name && Date.parse(windowStart) >= fromMs)
      .map(({ windowStart, group, measures }) => JSON.stringify([Date.parse(windowStart), group, measures])),
  );
}

function differencesOf(wanted: ReadonlySet<string>, there: ReadonlySet<string>): string[] {
  return [
    ...[...wanted].filter((line) => !there.has(line)).map((line) => `missing ${line}`),
    ...[...there].filter((line) => !wanted.has(line)).map((line) => `surplus ${line}`),
  ];
}

/** A stream file is put live in a stage. */
async function apply(
  stage: SlowStage,
  { definition }: Change,
  partitions = [...Array(PARTITIONS).keys()],
): Promise<void> {
  stage.world.broker.append(stage.topics.definitions, 0, [encodeDefinition(definition)]);
  const control = encodeControl({ kind: 'definition', sha256: definition.sha256 });
  for (const partition of partitions) await stage.send(partition, [control]);
  await stage.pass(MINUTE_MS);
}

/** A shop in which a stream file is put live after half an hour, and all windows are closed in the end. */
async function changedShop(
  untilMinutesAgo = 20,
): Promise<{ stage: SlowStage; change: Change; plain: PlainDefinition }> {
  const stage = new SlowStage();
  const change = changedCommerce(stage.definition);
  stage.startServices();
  await stage.shop(60, 30);
  await stage.shopAlone(1, 30, 28);
  await apply(stage, change);
  await stage.shop(28, untilMinutesAgo);
  return { stage, change, plain: withChange(plainStage) };
}

describe('a backfill', () => {
  it(`gives what services would have told, whatever life they had, and as often as it is killed (${LIVES} lives)`, async () => {
    let published = 0;
    const inspect = async (world: World, plain: PlainDefinition): Promise<readonly string[]> => {
      const random = new SeededRandom(world.broker.appended);
      const change = changedCommerce(world.definition);
      const problems: string[] = [];
      for (const name of [MERGED, LOCAL]) {
        for (let kill = random.below(4); kill > 0; kill -= 1) {
          await backfilled(world, change, name, { writer: writerOf(world, random.below(3)) }).catch(() => undefined);
        }
        const report = await backfilled(world, change, name, { mostFinals: 1 + random.below(100) });
        if (report.completeFromMs === null) return [`${name}: not done, awaits ${JSON.stringify(report.awaited)}`];
        published += report.published;
        const wanted = wantedOf(world, plain, name, report.completeFromMs);
        problems.push(...differencesOf(wanted, finalsOf(world, change.definition, name)));
        const { appended } = world.broker;
        await backfilled(world, change, name);
        if (world.broker.appended !== appended) problems.push(`${name}: a second backfill has written something`);
      }
      const { definition } = change;
      return [...problems, ...problemsOf(await verified(world, { definition, metrics: definition.metrics }))];
    };
    for (let seed = FIRST_SEED, lives = 0; lives < LIVES; seed += 1) {
      if (Math.floor(seed / 4) % 4 !== 0 || seed % 5 === 4) continue; // no stream file is put live in these
      lives += 1;
      const { problems } = await live(seed, { inspect });
      expect({ seed, problems }).toEqual({ seed, problems: [] });
    }
    expect(published).toBeGreaterThan(200);
  }, 240_000);

  it.each([MERGED, LOCAL])('of %s goes on beside services, and waits for windows that are open', async (name) => {
    const { stage, change, plain } = await changedShop(27);
    const fromMs = START_MS - 50 * MINUTE_MS;
    const early = await backfilled(stage.world, change, name, { fromMs });
    expect(early).toMatchObject({ completeFromMs: null, awaited: { kind: 'open windows' } });
    expect(early.published).toBeGreaterThan(0);
    let waits = 0;
    const waitForMore = async (): Promise<boolean> => {
      waits += 1;
      await stage.finish();
      return waits < 3;
    };
    const report = await backfilled(stage.world, change, name, { fromMs, waitForMore });
    expect(report).toMatchObject({ completeFromMs: fromMs, awaited: null, standing: early.published });
    expect(waits).toBe(1);
    expect(
      differencesOf(wantedOf(stage.world, plain, name, fromMs), finalsOf(stage.world, change.definition, name)),
    ).toEqual([]);
    const { definition } = change;
    const { compared, ...verification } = await verified(stage.world, { definition, metrics: definition.metrics });
    expect(problemsOf({ compared, ...verification })).toEqual([]);
    expect(compared).toBeGreaterThan(report.published);
  });

  it('waits until every partition has come to the metric', async () => {
    const stage = new SlowStage();
    const change = changedCommerce(stage.definition);
    stage.startServices();
    await stage.shop(60, 30);
    await apply(stage, change, [0]);
    const appended = stage.world.broker.appended;
    const early = await backfilled(stage.world, change, MERGED);
    expect(early).toMatchObject({ completeFromMs: null, awaited: { kind: 'services', partitions: [1] } });
    expect(stage.world.broker.appended).toBe(appended);
  });

  it('reaches back further when it is asked again, and keeps what it has reached', async () => {
    const { stage, change, plain } = await changedShop();
    await stage.finish();
    const late = START_MS - 40 * MINUTE_MS;
    const early = START_MS - 55 * MINUTE_MS;
    const first = await backfilled(stage.world, change, MERGED, { fromMs: late });
    const second = await backfilled(stage.world, change, MERGED, { fromMs: early });
    expect([first.completeFromMs, second.completeFromMs]).toEqual([late, early]);
    expect(second.standing).toBe(first.published);
    expect(
      differencesOf(wantedOf(stage.world, plain, MERGED, early), finalsOf(stage.world, change.definition, MERGED)),
    ).toEqual([]);
    expect((await backfilled(stage.world, change, MERGED, { fromMs: late })).published).toBe(0);
  });

  it('computes sessions, whose begin depends on what was before', async () => {
    const stage = new SlowStage();
    const visits =
      'metrics:\n  visits:\n    groupBy: [user_id]\n    window: { session: 30s, maxDuration: 10m }\n    measures: { events: count() }\n';
    const change = {
      definition: definitionFrom(stage.definition.text.replace('metrics:\n', visits)),
      added: ['visits'],
      removed: [],
    };
    stage.startServices();
    await stage.shop(60, 40);
    await apply(stage, change);
    await stage.shop(40, 20);
    await stage.finish();
    const fromMs = START_MS - 50 * MINUTE_MS;
    expect(await backfilled(stage.world, change, 'visits', { fromMs })).toMatchObject({ completeFromMs: fromMs });
    // In each minute each partition has three events of one user, two seconds in all.
    const finals = [...finalsOf(stage.world, change.definition, 'visits')].map(
      (line) => JSON.parse(line) as [number, object, object],
    );
    const starts = finals.map(([startMs, , measures]) => [startMs, measures]).sort();
    const minutes = Array.from({ length: 30 * PARTITIONS }, (_, i) => fromMs + Math.floor(i / PARTITIONS) * MINUTE_MS);
    expect(starts).toEqual(minutes.map((startMs) => [startMs, { events: 3 }]));
  });

  it('counts what was an event where it stands, and knows fields that were declared later', async () => {
    const { stage, definition } = await withOtherRules();
    const change = { definition, added: [], removed: [] };
    expect(await backfilled(stage.world, change, 'by_coupon')).toMatchObject({ completeFromMs: -Infinity });
    const counts = { none: 0, SPRING: 0 };
    for (const line of finalsOf(stage.world, definition, 'by_coupon')) {
      const [, { coupon }, { events }] = JSON.parse(line) as [number, { coupon: 'SPRING' | null }, { events: number }];
      counts[coupon ?? 'none'] += events;
    }
    expect(counts).toEqual(COUPONS);
    expect(problemsOf(await verified(stage.world, { definition, metrics: definition.metrics }))).toEqual([]);
  });

  it('has nothing to do for a metric that was always declared', async () => {
    const { stage, change } = await changedShop();
    await stage.finish();
    expect(await backfilled(stage.world, change, 'revenue_by_category')).toMatchObject({
      ...{ windows: 0, published: 0, completeFromMs: -Infinity, toldFromMs: -Infinity, awaited: null },
    });
  });

  it('never puts a final in the place of another one', async () => {
    const { stage, change } = await changedShop();
    await stage.finish();
    await backfilled(stage.world, change, MERGED, { fromMs: START_MS - 40 * MINUTE_MS });
    const { metrics } = stage.topics;
    const isOurs = (key: Uint8Array | null): boolean =>
      Buffer.from(key ?? [])
        .toString()
        .startsWith(`f|${MERGED}@`);
    const partition = stage.world.recordsOf(metrics).findIndex((records) => records.some(({ key }) => isOurs(key)));
    const offset = stage.world.recordsOf(metrics)[partition]?.findLast(({ key }) => isOurs(key))?.offset ?? -1;
    stage.world.broker.replace(metrics, partition, offset, (record) => ({ ...record, value: Buffer.from('{}') }));
    const again = backfilled(stage.world, change, MERGED, { fromMs: START_MS - 50 * MINUTE_MS });
    await expect(again).rejects.toThrow(FinalStandsError);
  });

  it('refuses to begin where raw no longer reaches, and says where it could', async () => {
    const { stage, change } = await changedShop();
    await stage.finish();
    // Behind the first minutes, and so far that duplicates are told from others: events have been remembered for ten minutes.
    stage.world.scheduler.nowMs += 30 * MINUTE_MS;
    for (let p = 0; p < PARTITIONS; p += 1) await stage.buy(p, stage.world.scheduler.nowMs - 5_000);
    await stage.finish();
    const { raw } = stage.topics;
    for (let p = 0; p < PARTITIONS; p += 1) stage.world.broker.trim(raw, p, 20);
    const refused: unknown = await backfilled(stage.world, change, MERGED, { fromMs: START_MS - 58 * MINUTE_MS }).catch(
      (error: unknown) => error,
    );
    expect(refused).toBeInstanceOf(BackfillRangeError);
    expect((refused as BackfillRangeError).earliestMs % MINUTE_MS).toBe(0);
    expect((refused as BackfillRangeError).earliestMs).toBeGreaterThan(START_MS - 58 * MINUTE_MS);
  });
});
