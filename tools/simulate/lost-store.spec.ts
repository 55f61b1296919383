import { MINUTE_MS, PARTITIONS, SlowStage, START_MS } from './slow-stage';
import type { Replica } from './world';

/** A platform that has published the first windows of a shop's day, and has more of them open. */
async function anHourIn(stage: SlowStage): Promise<Replica> {
  const aggregator = stage.startServices();
  await stage.shop(60, 50);
  await stage.pass(5_000);
  return aggregator;
}

describe('when the store has lost what it was given', () => {
  it('publishes the same finals again, to the byte, from an older checkpoint', async () => {
    const stage = new SlowStage();
    const aggregator = await anHourIn(stage);
    const snapshot = stage.world.store.snapshot();
    await stage.shop(50, 40);
    await stage.pass(5_000);
    stage.world.store.rollBack(snapshot);
    stage.replace(aggregator);
    await stage.finish();
    expect(stage.differences()).toEqual([]);
  });

  it('does not publish again, from a part of their rows, windows that were published before', async () => {
    const stage = new SlowStage();
    const aggregator = await anHourIn(stage);
    await stage.shop(50, 30);
    await stage.pass(5_000);
    stage.world.store.flushAll();
    stage.replace(aggregator);
    await stage.finish();
    expect(stage.differences()).toEqual([]);
  });

  it('does not take what is left of a checkpoint that goes away while it is loaded', async () => {
    const stage = new SlowStage();
    const aggregator = await anHourIn(stage);
    await stage.shop(50, 40);
    await stage.pass(5_000);
    let losses = PARTITIONS;
    stage.onLoad = () => {
      if (losses-- > 0) stage.world.store.flushAll();
    };
    stage.replace(aggregator);
    await stage.finish();
    expect(losses).toBeLessThan(PARTITIONS);
    expect(stage.differences()).toEqual([]);
  });

  it('knows that a row is late which is the first that it reads again', async () => {
    const stage = new SlowStage();
    const aggregator = await anHourIn(stage);
    await stage.finish();
    stage.waiting.add(stage.topics.late);
    await stage.buy(0, START_MS - 55 * MINUTE_MS);
    await stage.pass(5_000);
    stage.world.store.flushAll();
    stage.replace(aggregator);
    await stage.pass(5_000);
    expect(stage.differences()).toEqual([]);
  });

  it('does not lose a late row that stands behind the last frontier, whatever came after it', async () => {
    const stage = new SlowStage();
    const aggregator = await anHourIn(stage);
    for (let p = 0; p < PARTITIONS; p += 1) await stage.advance(p, START_MS);
    await stage.pass(5_000);
    stage.waiting.add(stage.topics.late);
    await stage.buy(0, START_MS - 55 * MINUTE_MS);
    await stage.pass(5_000);
    stage.world.store.flushAll();
    stage.replace(aggregator);
    await stage.finish();
    expect(stage.differences()).toEqual([]);
  });

  it('goes on counting late rows where it had come to', async () => {
    const stage = new SlowStage();
    const aggregator = await anHourIn(stage);
    for (let p = 0; p < PARTITIONS; p += 1) await stage.advance(p, START_MS);
    await stage.pass(5_000);
    await stage.buy(0, START_MS - 55 * MINUTE_MS);
    await stage.pass(5_000);
    // Everything is closed, so the next one has no reason to read that row again.
    await stage.advance(0, START_MS + 1);
    await stage.buy(0, START_MS);
    await stage.pass(5_000);
    await stage.advance(0, stage.world.scheduler.nowMs);
    await stage.pass(5_000);
    stage.world.store.flushAll();
    stage.replace(aggregator);
    await stage.pass(5_000);
    await stage.buy(0, START_MS - 55 * MINUTE_MS);
    await stage.finish();
    expect(stage.differences()).toEqual([]);
  });
});

describe('an empty store and a log in which a batch stands again', () => {
  it('goes on from the log, as the batch is one that everybody knows', async () => {
    const stage = new SlowStage();
    const aggregator = await anHourIn(stage);
    await stage.finish();
    // What an enricher sent that had lost its partition without noticing, and the log took at last.
    const { enriched } = stage.topics;
    const [first] = stage.world.recordsOf(enriched)[0] ?? [];
    if (!first) throw new Error('nothing was enriched');
    const { writer } = stage.world.spawnWriter('zombie');
    void writer.append(enriched, 0, [{ key: null, value: first.value }]);
    await stage.pass(1_000);
    stage.world.store.flushAll();
    stage.replace(aggregator);
    await stage.pass(5_000);
    await stage.buy(0, START_MS);
    await stage.pass(30_000);
    expect(stage.world.stoppedPartitions).toEqual([]);
    expect(stage.differences()).toEqual([]);
  });
});
