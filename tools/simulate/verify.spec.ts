import { encodeControl } from '@tillstream/contracts';
import { SeededRandom } from '@tillstream/engine/testing';
import { AGGREGATOR, ENRICHER } from '@tillstream/engine';
import { partitionOfKey } from '../oracle/raw/murmur2';
import { live } from './live';
import { withOtherRules } from './other-rules';
import { MINUTE_MS, PARTITIONS, SlowStage, START_MS } from './slow-stage';
import { problemsOf, verified, verifiedVisits, visitProblemsOf } from './verified';
import { NO_FAULTS } from './weather';
import type { World } from './world';

const LIVES = 20;
const FIRST_SEED = 77_000;
/** Of a quiet life in which each session is told once. */
const WITH_SESSIONS_SEED = 77_002;

/** A platform that has published all windows of an hour of a shop. */
async function anHour(stage = new SlowStage()): Promise<SlowStage> {
  stage.startServices();
  await stage.shop(60, 30);
  await stage.finish();
  return stage;
}

const text = (bytes: Uint8Array | null): string => new TextDecoder().decode(bytes ?? undefined);
const bytes = (value: string): Uint8Array => new TextEncoder().encode(value);

/** The first final that satisfies a test: where it stands, and its texts. */
function finalOf(stage: SlowStage, test: (key: string) => boolean) {
  for (const [partition, records] of stage.world.recordsOf(stage.topics.metrics).entries()) {
    const found = records.find(({ key }) => text(key).startsWith('f|') && test(text(key)));
    if (found) return { partition, offset: found.offset, key: text(found.key), value: text(found.value) };
  }
  throw new Error('there is no such final');
}

describe('verifying sessions and attributions', () => {
  it(`agrees with whatever a life of crashes has told of them, from any moment on (${LIVES} lives)`, async () => {
    let compared = 0;
    for (let seed = FIRST_SEED; seed < FIRST_SEED + 2 * LIVES; seed += 2) {
      const random = new SeededRandom(seed);
      const inspect = async (world: World): Promise<readonly string[]> => {
        const whole = await verifiedVisits(world);
        compared += whole.visits.reduce((sum, visits) => sum + visits.equal, 0);
        const fromMs = START_MS + (random.below(60) - 30) * MINUTE_MS;
        const part = await verifiedVisits(world, { fromMs, toMs: fromMs + random.below(60) * MINUTE_MS });
        return [...visitProblemsOf(whole), ...visitProblemsOf(part)];
      };
      const { problems } = await live(seed, { inspect });
      expect({ seed, problems }).toEqual({ seed, problems: [] });
    }
    expect(compared).toBeGreaterThan(100);
  }, 120_000);

  /** What is found in a life after somebody has written over the first session that it told. */
  async function foundAfter(
    change: (json: string, key: string) => { key?: string; value?: string },
  ): Promise<unknown[]> {
    let found: unknown[] = [];
    const inspect = async (world: World): Promise<readonly string[]> => {
      const { sessions } = world.definition.topics;
      const partition = world.recordsOf(sessions).findIndex((records) => records.length > 0);
      world.broker.replace(sessions, partition, 0, (record) => {
        const { key = text(record.key), value = text(record.value) } = change(text(record.value), text(record.key));
        return { ...record, key: bytes(key), value: bytes(value) };
      });
      const { differences } = await verifiedVisits(world);
      found = differences.map(({ kind, of, first }) => [kind, of, first?.name ?? null]);
      return [];
    };
    await live(WITH_SESSIONS_SEED, { inspect, faults: NO_FAULTS });
    return found;
  }

  it('names the member that somebody has changed', async () => {
    const found = await foundAfter((json) => ({ value: json.replace(/"events":\d+/, '"events":99') }));
    expect(found).toEqual([['differs', 'sessions', 'events']]);
  });

  it('names one that raw does not give, and one that is missing', async () => {
    const found = await foundAfter((_json, key) => ({ key: `x${key}` }));
    expect(found.sort()).toEqual([
      ['missing', 'sessions', null],
      ['surplus', 'sessions', null],
    ]);
  });
});

describe('verifying finals', () => {
  it(`agrees with whatever a life of crashes has published, from any window on (${LIVES} lives)`, async () => {
    for (let seed = FIRST_SEED; seed < FIRST_SEED + LIVES; seed += 1) {
      const random = new SeededRandom(seed);
      let compared = 0;
      const inspect = async (world: World): Promise<readonly string[]> => {
        const whole = await verified(world, { mostFinals: 1 + random.below(500) });
        compared = whole.compared;
        const starts = world
          .recordsOf(world.definition.topics.metrics)
          .flat()
          .map(({ key }) => Date.parse(text(key).split('|')[2] ?? ''));
        const fromMs = starts.length === 0 ? 0 : random.pick(starts);
        const part = await verified(world, { fromMs, toMs: fromMs + random.below(60) * MINUTE_MS });
        return [...problemsOf(whole), ...problemsOf(part)];
      };
      const { problems } = await live(seed, { inspect });
      expect({ seed, problems }).toEqual({ seed, problems: [] });
      expect(compared).toBeGreaterThanOrEqual(0);
    }
  }, 120_000);

  it(`agrees with the finals of metrics that nobody has written, sessions among them (${LIVES} lives)`, async () => {
    for (let seed = FIRST_SEED; seed < FIRST_SEED + LIVES; seed += 1) {
      const random = new SeededRandom(seed);
      const inspect = async (world: World): Promise<readonly string[]> => {
        const starts = world
          .recordsOf(world.definition.topics.metrics)
          .flat()
          .flatMap(({ key }) => (text(key).startsWith('f|') ? [Date.parse(text(key).split('|')[2] ?? '')] : []));
        const fromMs = starts.length === 0 ? 0 : random.pick(starts);
        const part = await verified(world, { fromMs, toMs: fromMs + random.below(60) * MINUTE_MS });
        return [...problemsOf(await verified(world)), ...problemsOf(part)];
      };
      const { problems } = await live(seed, { inspect }, 'random');
      expect({ seed, problems }).toEqual({ seed, problems: [] });
    }
  }, 120_000);

  it('compares every final once, however few are held at a time', async () => {
    const { world } = await anHour();
    const whole = await verified(world);
    expect(problemsOf(whole)).toEqual([]);
    expect(whole.compared).toBeGreaterThan(300);
    expect(whole.equal).toBe(whole.compared);
    const inTurns = await verified(world, { mostFinals: 7 });
    expect(inTurns).toMatchObject({ compared: whole.compared, equal: whole.equal, differences: [] });
  });

  it('names the first final that somebody has changed: metric, window, group, measure and both values', async () => {
    const stage = await anHour();
    const { partition, key, value } = finalOf(stage, (name) => name.includes('revenue_by_category'));
    const count = Number(/"purchase_count":(\d+)/.exec(value)?.[1]);
    const falsified = value.replace(`"purchase_count":${count}`, `"purchase_count":${count + 1}`);
    expect(falsified).not.toBe(value);
    stage.world.broker.append(stage.topics.metrics, partition, [{ key: bytes(key), value: bytes(falsified) }]);
    const { differences, compared, equal } = await verified(stage.world);
    expect(equal).toBe(compared);
    expect(differences).toEqual([
      expect.objectContaining({
        kind: 'differs',
        metric: 'revenue_by_category',
        partition,
        first: { name: 'purchase_count', standing: String(count + 1), recomputed: String(count) },
      }),
    ]);
    expect(key).toContain(new Date(differences[0]?.startMs ?? 0).toISOString());
    expect(JSON.stringify(differences[0]?.group)).toBe(key.split('|')[3]);
  });

  it('names a final that raw does not give, and one that is missing although its window is closed', async () => {
    const stage = await anHour();
    const { partition, offset, key, value } = finalOf(stage, (name) => name.includes('conversion_funnel'));
    stage.world.broker.replace(stage.topics.metrics, partition, offset, (record) => ({
      ...record,
      key: bytes(key.replace('conversion_funnel@', 'another_metric@')),
    }));
    const missing = await verified(stage.world);
    expect(missing.differences).toEqual([expect.objectContaining({ kind: 'missing', metric: 'conversion_funnel' })]);

    const other = (partition + 1) % PARTITIONS;
    stage.world.broker.append(stage.topics.metrics, other, [{ key: bytes(key), value: bytes(value) }]);
    const { differences } = await verified(stage.world);
    expect(differences.map(({ kind }) => kind).sort()).toEqual(['missing', 'surplus']);
  });

  it('takes a final that was deleted for one that differs', async () => {
    const stage = await anHour();
    const { partition, key } = finalOf(stage, (name) => name.includes('high_value_users'));
    stage.world.broker.append(stage.topics.metrics, partition, [{ key: bytes(key), value: null }]);
    const { differences } = await verified(stage.world);
    expect(differences).toEqual([
      expect.objectContaining({ kind: 'differs', first: expect.objectContaining({ standing: 'a tombstone' }) }),
    ]);
  });

  it('knows ids that stand in front of where it begins to read', async () => {
    const stage = new SlowStage();
    stage.startServices();
    const again = (minutesAgo: number): Promise<void> => {
      const timestamp = new Date(START_MS - minutesAgo * MINUTE_MS).toISOString();
      return stage.write(partitionOfKey('u0', PARTITIONS), { event_id: 'again', timestamp, user_id: 'u0' });
    };
    await again(50);
    await stage.shop(50, 36);
    await again(35);
    await stage.shop(35, 30);
    await stage.finish();
    const report = await verified(stage.world, { fromMs: START_MS - 38 * MINUTE_MS });
    expect(problemsOf(report)).toEqual([]);
    expect(report.compared).toBeGreaterThan(50);
  });

  it('reads rows under the stream file that was in force where they stand, also from the middle on', async () => {
    const { stage, definition } = await withOtherRules();
    const { metrics } = definition;
    for (const fromMs of [-Infinity, START_MS + 15 * MINUTE_MS]) {
      const report = await verified(stage.world, { definition, metrics, fromMs });
      expect(problemsOf(report)).toEqual([]);
      expect(report.compared).toBeGreaterThan(20);
    }
  });

  it('names a stream file that was in force and that nobody has kept', async () => {
    const stage = await anHour();
    stage.world.broker.append(stage.topics.raw, 1, [encodeControl({ kind: 'definition', sha256: 'a'.repeat(64) })]);
    for (let minute = 0; minute < 2; minute += 1) await stage.buy(1, stage.world.scheduler.nowMs);
    await expect(verified(stage.world)).rejects.toThrow(
      '(definition aaaaaaaaaaaa…), and commerce.definitions.v1 does not hold it',
    );
  });

  it('waits for windows that services have not closed yet, and says so', async () => {
    const stage = new SlowStage();
    stage.world.start(ENRICHER);
    stage.waiting.add(stage.topics.metrics);
    stage.world.start(AGGREGATOR);
    await stage.shop(60, 30);
    await stage.finish();
    const report = await verified(stage.world);
    expect(report).toMatchObject({ compared: 0, differences: [] });
    expect(report.awaited).toBeGreaterThan(300);
  });

  it('says from which window on raw still holds what they need, and verifies those', async () => {
    const stage = await anHour();
    const { raw } = stage.topics;
    const end = stage.world.broker.end(raw, 0);
    stage.world.broker.trim(raw, 0, end);
    expect(await verified(stage.world)).toMatchObject({ compared: 0, verifiedFromMs: Infinity });
    expect((await verified(stage.world, { fromTheBeginning: true })).unverified).toContain(
      'no longer holds its beginning',
    );

    // Ids are remembered for ten minutes of append time.
    stage.world.scheduler.nowMs += 30 * MINUTE_MS;
    for (let p = 0; p < PARTITIONS; p += 1) {
      for (let i = 0; i < 40; i += 1) {
        stage.world.scheduler.nowMs += MINUTE_MS;
        await stage.buy(p, stage.world.scheduler.nowMs - 5_000);
      }
    }
    await stage.finish();
    const report = await verified(stage.world);
    expect(report.differences).toEqual([]);
    expect(report.compared).toBeGreaterThan(50);
    expect(report.verifiedFromMs).toBeGreaterThan(START_MS);
    expect(report.verifiedFromMs).toBeLessThan(stage.world.scheduler.nowMs);
    expect(report.unverified).toContain('no longer holds');
  });
});
