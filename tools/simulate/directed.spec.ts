import { encodeControl, encodeGap, topicSpecs } from '@tillstream/contracts';
import { decodeEventBatch, encodeEventBatch } from '@tillstream/core';
import { AGGREGATOR, ENRICHER } from '@tillstream/engine';
import type { NewRecord, StoppedPartition } from '@tillstream/engine';
import { SeededRandom } from '@tillstream/engine/testing';
import { partitionOfKey } from '../oracle/raw/murmur2';
import { plainCommerce } from '../oracle/commerce-definition';
import { commerceWith } from './live';
import { differences } from './verdict';
import { World } from './world';

const START_MS = Date.UTC(2026, 0, 5, 12);
const PARTITIONS = 2;
const utf8 = new TextEncoder();
let events = 0;

/** A purchase of a user that lives in the partition. */
function aPurchase(partition: number, timeMs: number): NewRecord {
  events += 1;
  let user = 0;
  while (partitionOfKey(`u${user}`, PARTITIONS) !== partition) user += 1;
  const event = {
    event_id: `d${events}`,
    event_type: 'purchase',
    timestamp: new Date(timeMs).toISOString(),
    user_id: `u${user}`,
    category: 'books',
    product_name: 'Book',
    price: 150,
    quantity: 1,
  };
  return { key: null, value: utf8.encode(JSON.stringify(event)) };
}

/** A world of two partitions whose steps the test decides. */
class Stage {
  readonly definition = commerceWith({ partitions: PARTITIONS });
  readonly world = new World(this.definition, new SeededRandom(1), START_MS);
  private readonly clients = this.world.spawnWriter('clients');

  async append(topic: string, partition: number, records: readonly NewRecord[]): Promise<void> {
    let acked = false;
    void this.clients.writer.append(topic, partition, records).then(() => (acked = true));
    await this.world.scheduler.runUntil(() => acked);
  }

  /** Purchases in both partitions, a minute apart. */
  async shop(minutes: number, fromMs: number): Promise<void> {
    for (let minute = 0; minute < minutes; minute += 1) {
      for (let p = 0; p < PARTITIONS; p += 1) {
        await this.append(this.definition.topics.raw, p, [aPurchase(p, fromMs + minute * 60_000)]);
      }
    }
  }

  async pass(ms: number): Promise<void> {
    const untilMs = this.world.scheduler.nowMs + ms;
    await this.world.scheduler.runUntil(() => this.world.scheduler.nowMs >= untilMs);
  }

  /** Time passes until every window is closed. */
  async finish(): Promise<void> {
    this.world.scheduler.nowMs += 2 * 3_600_000;
    for (let p = 0; p < PARTITIONS; p += 1) {
      const advance = encodeControl({ kind: 'advance', toMs: this.world.scheduler.nowMs });
      await this.append(this.definition.topics.raw, p, [advance]);
    }
    await this.pass(60_000);
  }

  differences(): readonly string[] {
    const plain = { ...plainCommerce, partitions: PARTITIONS };
    return differences(this.definition, plain, (topic) => this.world.recordsOf(topic));
  }

  get stopped(): readonly StoppedPartition[] {
    return this.world.stoppedPartitions;
  }
}

describe('a partition that must not be passed', () => {
  it('stops alone at a hole in enriched, and goes on when an operator accepts the loss', async () => {
    const stage = new Stage();
    const { enriched, gaps, metrics } = stage.definition.topics;
    stage.world.start(ENRICHER);
    await stage.shop(3, START_MS - 600_000);
    await stage.pass(5_000);
    // What a broken retention or a lost disk would do: a batch in the middle of the chain is gone.
    const kept = stage.world.recordsOf(enriched)[0] ?? [];
    const last = kept.at(-1);
    if (!last?.value) throw new Error('nothing was enriched');
    const batch = decodeEventBatch(last.value);
    const far = { ...batch, rawFrom: batch.rawNext + 5, rawNext: batch.rawNext + 9, rows: 0 };
    const empty = { ...far, records: { ...batch.records, count: 0 } };
    await stage.append(enriched, 0, [{ key: null, value: encodeEventBatch(emptied(empty)) }]);
    stage.world.start(AGGREGATOR);
    await stage.pass(10_000);
    expect(stage.stopped).toEqual([expect.objectContaining({ topic: enriched, partition: 0 })]);
    expect(stage.stopped[0]?.reason).toContain(`[${batch.rawNext}, ${batch.rawNext + 5})`);
    expect(stage.world.broker.end(metrics, 1)).toBeGreaterThan(0);

    const gap = { service: AGGREGATOR, partition: 0, from: batch.rawNext, to: batch.rawNext + 5, reason: 'lost' };
    await stage.append(gaps, 0, [encodeGap(gap)]);
    await stage.pass(60_000);
    expect(stage.stopped).toEqual([]);
  });

  it('stops at the third crash over the same record, names it, and goes on behind it when told to', async () => {
    const stage = new Stage();
    const { raw, enriched, gaps } = stage.definition.topics;
    await stage.shop(2, START_MS - 600_000);
    const poisonAt = stage.world.broker.end(raw, 0);
    await stage.append(raw, 0, [aPurchase(0, START_MS - 500_000)]);
    stage.world.poison(raw, 0, poisonAt);
    await stage.shop(2, START_MS - 480_000);
    stage.world.start(ENRICHER);
    await stage.pass(60_000);
    expect(stage.stopped).toEqual([expect.objectContaining({ topic: raw, partition: 0 })]);
    expect(stage.stopped[0]?.reason).toContain(`from raw offset ${poisonAt} `);
    expect(nextOf(stage, enriched, 1)).toBe(stage.world.broker.end(raw, 1));

    const gap = { service: ENRICHER, partition: 0, from: poisonAt, to: poisonAt + 1, reason: 'crashes' };
    await stage.append(gaps, 0, [encodeGap(gap)]);
    await stage.pass(60_000);
    expect(stage.stopped).toEqual([]);
    await stage.shop(1, START_MS - 400_000);
    await stage.pass(5_000);
    expect(nextOf(stage, enriched, 0)).toBe(stage.world.broker.end(raw, 0));
  });

  it('stops at a batch that cannot be read, and goes on behind it when an operator accepts the loss', async () => {
    const stage = new Stage();
    const { enriched, gaps, metrics } = stage.definition.topics;
    stage.world.start(ENRICHER);
    await stage.shop(2, START_MS - 600_000);
    await stage.pass(5_000);
    const at = stage.world.broker.end(enriched, 0);
    await stage.shop(1, START_MS - 480_000);
    await stage.pass(5_000);
    const whole = stage.world.recordsOf(enriched)[0]?.[at]?.value;
    if (!whole) throw new Error('nothing was enriched');
    const { rawFrom, rawNext } = decodeEventBatch(whole);
    stage.world.broker.replace(enriched, 0, at, (record) => ({
      ...record,
      value: whole.subarray(0, whole.length - 3),
    }));
    await stage.shop(2, START_MS - 420_000);
    stage.world.start(AGGREGATOR);
    await stage.pass(60_000);
    expect(stage.stopped).toEqual([expect.objectContaining({ topic: enriched, partition: 0 })]);
    expect(stage.stopped[0]?.reason).toContain(`offset ${at} of ${enriched}/0 is no batch`);
    expect(stage.stopped[0]?.reason).toContain(`[${rawFrom}, ${rawNext})`);
    expect(stage.world.broker.end(metrics, 1)).toBeGreaterThan(0);

    const gap = { service: AGGREGATOR, partition: 0, from: rawFrom, to: rawNext, reason: 'unreadable' };
    await stage.append(gaps, 0, [encodeGap(gap)]);
    await stage.pass(60_000);
    expect(stage.stopped).toEqual([]);
    const before = stage.world.broker.end(metrics, 0);
    await stage.finish();
    expect(stage.world.broker.end(metrics, 0)).toBeGreaterThan(before);
  });

  it('loses nothing over records that somebody else has written among the batches, wherever they stand', async () => {
    const stage = new Stage();
    const { enriched } = stage.definition.topics;
    const foreign = { key: null, value: new TextEncoder().encode('{"event_type":"page_view"}') };
    const disturb = () => stage.append(enriched, 0, [foreign, { ...foreign, value: new Uint8Array() }]);
    await disturb();
    const lives = [stage.world.start(AGGREGATOR)];
    await stage.pass(5_000);
    lives.push(stage.world.start(ENRICHER));
    await stage.shop(2, START_MS - 600_000);
    await stage.pass(5_000);
    await disturb();
    await stage.shop(2, START_MS - 420_000);
    await stage.pass(60_000);
    expect(stage.stopped).toEqual([]);

    // As the last of the topic, before lives that know nothing but the topic.
    await disturb();
    for (const life of lives) {
      stage.world.scheduler.kill(life.process);
      stage.world.expel(life);
    }
    stage.world.store.flushAll();
    stage.world.start(ENRICHER);
    stage.world.start(AGGREGATOR);
    await stage.shop(2, START_MS - 300_000);
    await stage.pass(60_000);
    await stage.finish();
    expect(stage.stopped).toEqual([]);
    expect(stage.differences()).toEqual([]);
  });

  it('stops where the topic turns out to be for another stream file', async () => {
    const stage = new Stage();
    const { raw } = stage.definition.topics;
    stage.world.start(ENRICHER);
    await stage.append(raw, 0, [encodeControl({ kind: 'definition', sha256: 'f'.repeat(64) })]);
    await stage.pass(20_000);
    expect(stage.stopped).toEqual([expect.objectContaining({ topic: raw, partition: 0 })]);
    expect(stage.stopped[0]?.reason).toContain('another stream file');
  });

  it('stops when raw records expired before they were read', async () => {
    const stage = new Stage();
    const { raw } = stage.definition.topics;
    const enricher = stage.world.start(ENRICHER);
    await stage.shop(2, START_MS - 600_000);
    await stage.pass(5_000);
    stage.world.scheduler.kill(enricher.process);
    stage.world.expel(enricher);
    await stage.shop(3, START_MS - 400_000);
    stage.world.broker.trim(raw, 0, 4);
    stage.world.start(ENRICHER);
    await stage.pass(20_000);
    expect(stage.stopped).toEqual([expect.objectContaining({ topic: raw, partition: 0 })]);
    expect(stage.stopped[0]?.reason).toMatch(/\[2, 4\)/);
  });

  it('stops when the store is empty and the log no longer says what was published', async () => {
    const stage = new Stage();
    const { enriched, parts } = stage.definition.topics;
    stage.world.start(ENRICHER);
    const aggregator = stage.world.start(AGGREGATOR);
    await stage.shop(5, START_MS - 600_000);
    await stage.pass(10_000);
    stage.world.scheduler.kill(aggregator.process);
    stage.world.expel(aggregator);
    stage.world.store.flushAll();
    for (let p = 0; p < PARTITIONS; p += 1) {
      stage.world.broker.trim(enriched, p, stage.world.broker.end(enriched, p) - 1);
      stage.world.broker.trim(parts, p, stage.world.broker.end(parts, p));
    }
    stage.world.start(AGGREGATOR);
    await stage.pass(20_000);
    expect(stage.stopped.map(({ topic }) => topic)).toEqual([enriched, enriched]);
    expect(stage.stopped[0]?.reason).toContain('restore a backup of the store');
  });
});

describe('a platform at rest', () => {
  it('closes its windows by itself when nobody sends any more', async () => {
    const stage = new Stage();
    stage.world.start(ENRICHER);
    stage.world.start(AGGREGATOR);
    await stage.shop(3, START_MS - 120_000);
    await stage.pass(30 * 60_000);
    const finals = stage.world.recordsOf(stage.definition.topics.metrics).flat();
    expect(finals.some(({ key }) => new TextDecoder().decode(key ?? undefined).startsWith('f|'))).toBe(true);
    expect(stage.differences()).toEqual([]);
  });

  it('writes nothing once nothing can be open any more', async () => {
    const stage = new Stage();
    stage.world.start(ENRICHER);
    stage.world.start(AGGREGATOR);
    await stage.shop(3, START_MS - 120_000);
    await stage.finish();
    const sizes = (): number[] =>
      topicSpecs(stage.definition, 1)
        .filter(({ name }) => name !== stage.definition.topics.gaps)
        .flatMap(({ name }) => stage.world.recordsOf(name).map((records) => records.length));
    const before = sizes();
    await stage.pass(30 * 60_000);
    expect(sizes()).toEqual(before);
  });

  it('finals of one user in twelve partitions do not wait for the eleven that never had a row', async () => {
    const stage = new Stage();
    stage.world.start(ENRICHER);
    stage.world.start(AGGREGATOR);
    const { raw, metrics } = stage.definition.topics;
    for (let minute = 0; minute < 20; minute += 1) {
      await stage.append(raw, 0, [aPurchase(0, START_MS - (20 - minute) * 60_000)]);
    }
    await stage.pass(30_000);
    const keys = stage.world
      .recordsOf(metrics)
      .flat()
      .map(({ key }) => new TextDecoder().decode(key ?? undefined));
    expect(keys.some((key) => key.startsWith('f|revenue_by_category'))).toBe(true);
  });
});

/** A batch without records keeps nothing but its range. */
function emptied(batch: ReturnType<typeof decodeEventBatch>): ReturnType<typeof decodeEventBatch> {
  const none = new Float64Array(0);
  return {
    ...batch,
    rows: 0,
    records: { count: 0, offsets: none, rowCounts: new Uint32Array(0), appendMs: none, inputAfterMs: none },
    controls: [],
    rowIndexes: new Uint32Array(0),
    columns: new Map(),
    ids: new Uint8Array(0),
    validCounts: new Uint32Array(0),
    idCounts: new Uint32Array(0),
    batchIds: new Uint8Array(0),
    batchIdRecords: new Uint32Array(0),
  };
}

/** Raw position that enriched has reached. */
function nextOf(stage: Stage, enriched: string, partition: number): number {
  const last = stage.world.recordsOf(enriched)[partition]?.at(-1);
  return last?.value ? decodeEventBatch(last.value).rawNext : 0;
}
