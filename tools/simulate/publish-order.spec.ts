import { AGGREGATOR, ENRICHER } from '@tillstream/engine';
import type { LogRecord } from '@tillstream/engine';
import { decidePartition } from '../oracle/raw/decide-partition';
import { sourceOf } from '../oracle/raw/raw-headers';
import { MINUTE_MS, PARTITIONS, plain, START_MS, SlowStage } from './slow-stage';
import type { Replica } from './world';

const utf8 = new TextEncoder();

/** Both partitions are twenty minutes into the shop's day when the topic begins to wait; then windows close. */
async function closeWindowsWhile(stage: SlowStage, topic: string): Promise<Replica> {
  const aggregator = stage.startServices();
  await stage.shop(20, 10);
  await stage.pass(5_000);
  stage.waiting.add(topic);
  await stage.shop(10, 5);
  for (let p = 0; p < PARTITIONS; p += 1) {
    await stage.buy(p, START_MS - 25 * MINUTE_MS);
    await stage.advance(p, START_MS - MINUTE_MS);
  }
  await stage.pass(10_000);
  return aggregator;
}

describe('what has not been acknowledged when a process dies is published by the next', () => {
  it.each(['metrics', 'late', 'parts'] as const)('a checkpoint does not pass windows whose %s wait', async (name) => {
    const stage = new SlowStage();
    const aggregator = await closeWindowsWhile(stage, stage.topics[name]);
    stage.replace(aggregator);
    await stage.finish();
    expect(stage.differences()).toEqual([]);
  });

  it.each(['metrics', 'late'] as const)('a checkpoint does not pass late rows whose %s wait', async (name) => {
    const stage = new SlowStage();
    const aggregator = stage.startServices();
    await stage.shopAlone(0, 20, 10);
    await stage.pass(5_000);
    stage.waiting.add(stage.topics[name]);
    await stage.buy(0, START_MS - 25 * MINUTE_MS); // closes nothing, so no frontier waits for it
    await stage.pass(10_000);
    stage.replace(aggregator);
    await stage.finish();
    expect(stage.differences()).toEqual([]);
  });

  it.each([0, 1])('the checkpoint of merge %i does not pass windows whose finals wait', async (partition) => {
    const stage = new SlowStage();
    const aggregator = stage.startServices();
    await stage.shopAlone(1 - partition, 20, 10); // the other partition has finals of its own, and does not wait
    await stage.pass(5_000);
    stage.waiting.add(`${stage.topics.metrics}/${partition}`);
    for (let p = 0; p < PARTITIONS; p += 1) await stage.advance(p, START_MS - MINUTE_MS);
    await stage.pass(10_000);
    stage.replace(aggregator);
    await stage.finish();
    expect(stage.differences()).toEqual([]);
  });

  it.each(['metrics', 'late'] as const)('a frontier does not pass windows whose %s wait', async (name) => {
    const stage = new SlowStage();
    const aggregator = await closeWindowsWhile(stage, stage.topics[name]);
    stage.world.store.flushAll(); // the next one begins behind the last frontier
    stage.replace(aggregator);
    await stage.finish();
    expect(stage.differences()).toEqual([]);
  });

  it('a batch does not pass rows whose dead letters wait', async () => {
    const stage = new SlowStage();
    const enricher = stage.world.start(ENRICHER);
    await stage.buy(0, START_MS);
    await stage.pass(5_000);
    stage.waiting.add(stage.topics.deadLetters);
    await stage.send(0, [{ key: null, value: utf8.encode('{"event_type":"teleport"}') }]);
    await stage.pass(5_000);
    stage.replace(enricher);
    await stage.buy(0, START_MS);
    await stage.pass(5_000);
    expect(stage.differences()).toEqual([]);
  });

  it('a batch does not pass rows that wait on their way to their own partition', async () => {
    const stage = new SlowStage();
    const enricher = stage.world.start(ENRICHER);
    await stage.buy(0, START_MS);
    await stage.pass(5_000);
    stage.waiting.add(stage.topics.raw);
    await stage.buy(1, START_MS, 0);
    await stage.pass(5_000);
    stage.replace(enricher);
    await stage.buy(0, START_MS);
    await stage.pass(5_000);
    expect(homeless(stage.world.recordsOf(stage.topics.raw))).toEqual([]);
  });
});

describe('a merge task that moves to another process', () => {
  it('still knows how far the partitions have come that have nothing more to say', async () => {
    const stage = new SlowStage();
    stage.world.start(ENRICHER);
    const replicas = [stage.world.start(AGGREGATOR), stage.world.start(AGGREGATOR)];
    await stage.advance(1, START_MS - MINUTE_MS);
    await stage.pass(5_000);
    await stage.shopAlone(0, 20, 18);
    await stage.pass(5_000);
    // The partition without rows stays where it is: its frontier is not sent again, and nothing older is read again.
    const [first] = replicas;
    if (!first) throw new Error('there is no replica');
    stage.world.scheduler.kill(first.process);
    stage.world.expel(first);
    await stage.pass(5_000);
    await stage.shopAlone(0, 18, 5);
    await stage.pass(3_000);
    expect(stage.differences()).toEqual([]);
  });
});

/** Rows of the wrong partition that no re-routed record has brought to the right one. */
function homeless(raw: readonly (readonly LogRecord[])[]): readonly string[] {
  const logs = raw.map((records) =>
    records.map(({ offset, timestampMs, value, headers }) => ({ offset, appendMs: timestampMs, value, headers })),
  );
  return logs.flatMap((records, partition) =>
    decidePartition(plain, partition, records)
      .misplaced.filter(({ offset, targetPartition }) => {
        const sources = (logs[targetPartition] ?? []).map(sourceOf);
        return !sources.some((source) => source?.partition === partition && source.rowOffsets.includes(offset));
      })
      .map(({ id }) => id),
  );
}
