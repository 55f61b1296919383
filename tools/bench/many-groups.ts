import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatProblems, parseStreamFile } from '@tillstream/contracts';
import type { AggregatorDeltas } from '@tillstream/core';
import { PartitionAggregator, emptyPosition } from '@tillstream/core';
import { RedisCheckpointStore, connectRedis } from '@tillstream/adapter-redis';
import type { CheckpointStore } from '@tillstream/engine';
import { startRedis } from '@tillstream/local';
import { commerceText, withMetrics } from '../oracle/three-metrics';
import { table } from '../rig/table';
import { columnBatches } from './column-batches';
import { heldBytes } from './measure';

const MOST_GROUPS = 1_000_000;
const TASK = 'bench';
const METRIC =
  'metrics:\n  spending:\n    groupBy: [user_id]\n    window: { size: 1d }\n    measures: { events: count(), total: sum(price) }\n';

/** Many groups in one open window: what they take in memory and in Redis, and how long it takes to read them back. */
export async function measureManyGroups(wanted: number, say: (text: string) => void): Promise<string[]> {
  const groups = Math.min(MOST_GROUPS, wanted);
  say(`measuring ${groups} groups`);
  const text = withMetrics(commerceText(), METRIC);
  const parsed = parseStreamFile(text, { file: 'commerce.yaml' });
  if (!parsed.ok) throw new Error(formatProblems('commerce.yaml', parsed.problems));
  const { schema, metrics } = parsed.definition;
  const options = { schema, metrics, partition: 0 };
  const directory = mkdtempSync(join(tmpdir(), 'tillstream-bench-'));
  const server = await startRedis({ dataDir: directory });
  const redis = connectRedis({ url: server.address, commandTimeoutMs: 60_000 });
  try {
    const store = new RedisCheckpointStore(redis);
    const start = { next: 0, before: emptyPosition(), completeFromMs: -Infinity };
    let aggregator: PartitionAggregator | null = PartitionAggregator.create(options, start);
    await store.create(TASK, 'first', { inc: 'one', next: 0, seek: 0, state: aggregator.takeDeltas().state });
    let bytes = 0;
    const before = heldBytes();
    const shape = { schema, eventsPerSecond: 100_000, userOf: (event: number) => event % groups };
    for (const batch of columnBatches(shape, groups)) {
      const { next } = aggregator;
      aggregator.apply(batch);
      const taken = aggregator.takeDeltas();
      bytes += await commit(store, taken, next, aggregator.next);
    }
    const held = heldBytes() - before;
    const alive = aggregator.size().groups;
    aggregator = null;
    heldBytes();
    const startedMs = performance.now();
    const claimed = await store.claim(TASK, 'second');
    if (!claimed) throw new Error('the checkpoint is gone');
    const deltas = [];
    for await (const delta of store.load(TASK, claimed.next)) deltas.push(delta);
    const loadedMs = performance.now();
    const restored = PartitionAggregator.restore(options, { next: claimed.next, state: claimed.state, deltas });
    const doneMs = performance.now();
    if (restored.size().groups !== alive) throw new Error(`${restored.size().groups} groups came back of ${alive}`);
    const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`;
    return table(
      ['groups in one window (count, sum)', 'memory', 'checkpoint', 'read from Redis', 'restored', 'together'],
      [
        [
          alive.toLocaleString('en'),
          `${Math.round(held / alive)} bytes a group`,
          `${Math.round(bytes / alive)} bytes a group`,
          seconds(loadedMs - startedMs),
          seconds(doneMs - loadedMs),
          seconds(doneMs - startedMs),
        ],
      ],
    );
  } finally {
    redis.disconnect();
    await server.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Returns how many bytes were written. */
async function commit(
  store: CheckpointStore,
  { state, deltas, rewrites, drops }: AggregatorDeltas,
  from: number,
  next: number,
): Promise<number> {
  const range = { rawFrom: from, rawNext: next };
  const outcome = await store.commit(TASK, {
    fence: { inc: 'one', token: 'first', next: from },
    ...{ next, seek: next, state, drops },
    deltas: deltas.map((delta) => ({ ...delta, ...range })),
    rewrites: rewrites.map((delta) => ({ ...delta, ...range })),
  });
  if (outcome !== 'committed') throw new Error(`the store says ${outcome}`);
  return [...deltas, ...rewrites].reduce((sum, { bytes }) => sum + bytes.length, 0);
}
