import { setTimeout as sleep } from 'node:timers/promises';
import type { Platform } from '../../e2e/platform';
import { Platform as RealPlatform, settled } from '../../e2e/platform';
import { plainCommerce } from '../../oracle/commerce-definition';
import { differences } from '../../simulate/verdict';
import type { RedisProxy } from '../store';
import { startOwnServers } from './own-servers';
import { PartitionPulse } from './partition-pulse';
import type { Scenario, ScenarioReport } from './scenario';

const STALLED_PARTITION = 1;
const ARRIVES_WITHIN_MS = 60_000;

/** How long each part takes. */
export interface StallTimes {
  readonly quietMs: number;
  readonly stallMs: number;
}

/** One partition's checkpoints hang: the others must not notice, and that one must lose nothing. */
export const stalledStore: Scenario = {
  name: 'stalled-store',
  about: 'the store of one partition hangs for 45 s: the others finish all their rows, and their p99 is compared',
  run: async (say) => {
    const servers = await startOwnServers();
    const platform = new RealPlatform();
    try {
      // Longer than a task may go on without a checkpoint: the stalled partition comes to a stop of its own.
      return await playStalledStore(platform, servers.store.proxy, { quietMs: 20_000, stallMs: 45_000 }, say);
    } finally {
      await platform.stop();
      await servers.stop();
    }
  },
};

/** @param proxy stands before the Redis that the platform's services use */
export async function playStalledStore(
  platform: Platform,
  proxy: RedisProxy,
  { quietMs, stallMs }: StallTimes,
  say: (text: string) => void,
): Promise<ScenarioReport> {
  await platform.createTopics();
  for (const service of ['enricher', 'aggregator'] as const) await platform.start(service);
  await platform.allReady();
  const startMs = Date.now() - 2 * 3_600_000;
  const { partitions } = platform.definition.schema;
  const pulses = Array.from({ length: partitions }, (_, partition) => new PartitionPulse(platform, partition, startMs));
  const others = pulses.filter(({ partition }) => partition !== STALLED_PARTITION);
  const problems: string[] = [];
  try {
    say('waiting until every partition answers');
    for (const pulse of pulses) await pulse.beat();
    await allArrive(pulses);

    say(`${quietMs / 1000} s without a fault`);
    await beatFor(pulses, quietMs);
    await allArrive(pulses);
    const quiet = others.flatMap((pulse) => pulse.takeLatencies());

    say(`${stallMs / 1000} s in which partition ${STALLED_PARTITION} gets no answer from the store`);
    proxy.stall(`agg:${platform.stream}:${STALLED_PARTITION}`);
    await beatFor(pulses, stallMs);
    await allArrive(others).catch((error: unknown) => problems.push(`while the store hung: ${String(error)}`));
    const stalled = others.flatMap((pulse) => pulse.takeLatencies());
    proxy.passAll();

    say('the store answers again');
    await allArrive(pulses);
    await platform.advance(startMs + 5_400_000);
    await settled(platform, (readTopic) => differences(platform.definition, plainCommerce, readTopic));
    const [before, during] = [p99(quiet), p99(stalled)];
    const ratio = (during / before).toFixed(2);
    return {
      problems,
      figures: [
        `p99 of the other partitions: ${before.toFixed(0)} ms without a fault (${quiet.length} results), ` +
          `${during.toFixed(0)} ms while the store of one hung (${stalled.length} results): ratio ${ratio}`,
      ],
    };
  } finally {
    proxy.passAll();
    for (const pulse of pulses) pulse.stop();
    await Promise.all(pulses.map(({ ended }) => ended));
  }
}

/** One event to every partition, again and again, whether or not those before have come out. */
async function beatFor(pulses: readonly PartitionPulse[], ms: number): Promise<void> {
  const untilMs = performance.now() + ms;
  while (performance.now() < untilMs) {
    await Promise.all(pulses.map((pulse) => pulse.beat()));
    await sleep(50);
  }
}

async function allArrive(pulses: readonly PartitionPulse[]): Promise<void> {
  const untilMs = performance.now() + ARRIVES_WITHIN_MS;
  for (const pulse of pulses) {
    while (pulse.waiting > 0) {
      if (performance.now() > untilMs) {
        throw new Error(`${pulse.waiting} results of partition ${pulse.partition} did not arrive`);
      }
      await sleep(50);
    }
  }
}

function p99(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length * 0.99)] ?? NaN;
}
