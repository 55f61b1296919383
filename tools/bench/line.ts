import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NewRecord } from '@tillstream/engine';
import { partitionOf } from '@tillstream/core';
import { startBroker, startRedis } from '@tillstream/local';
import { Platform, isEnriched, until } from '../e2e/platform';
import { cpuSecondsOf, peakBytesOf } from './process-cpu';

const BATCHED_EVENTS = 250;
const APPEND_RECORDS = 2_000;
const DONE_WITHIN_MS = 600_000;
const QUIET_POLLS = 20;
const utf8 = new TextEncoder();

/** CPU-seconds per million events, by process, of everything between raw and results. */
export interface LineCosts {
  readonly enricher: number;
  readonly aggregator: number;
  readonly broker: number;
  readonly redis: number;
  readonly wallSeconds: number;
  readonly resultRecords: number;
  readonly peakMiB: { readonly enricher: number; readonly aggregator: number };
}

/**
 * The whole line as real processes: events are put into raw beforehand, then the services start and work until every window
 * is final. What starting costs is measured apart, on an empty log, and left out.
 */
export async function measureLine(events: readonly string[], form: 'one a record' | 'batched'): Promise<LineCosts> {
  const directory = mkdtempSync(join(tmpdir(), 'tillstream-bench-'));
  const broker = await startBroker({ dataDir: join(directory, 'kafka') });
  const redis = await startRedis({ dataDir: join(directory, 'redis') });
  process.env['KAFKA_BROKERS'] = broker.address;
  process.env['REDIS_URL'] = redis.address;
  const platform = new Platform();
  try {
    await platform.createTopics();
    const enricher = await platform.start('enricher');
    const aggregator = await platform.start('aggregator');
    await platform.allReady();
    const pids = { enricher: pidOf(enricher), aggregator: pidOf(aggregator), broker: broker.pid, redis: redis.pid };
    for (const { child } of [enricher, aggregator]) child.kill('SIGSTOP');
    await fill(platform, events, form);
    const before = cpuOf(pids);
    const startedMs = performance.now();
    for (const { child } of [enricher, aggregator]) child.kill('SIGCONT');
    await until('everything to be enriched', DONE_WITHIN_MS, () => isEnriched(platform));
    const resultRecords = await quiet(platform);
    const wallSeconds = (performance.now() - startedMs) / 1000;
    const after = cpuOf(pids);
    const perMillion = (name: keyof typeof pids): number => ((after[name] - before[name]) / events.length) * 1e6;
    return {
      enricher: perMillion('enricher'),
      aggregator: perMillion('aggregator'),
      broker: perMillion('broker'),
      redis: perMillion('redis'),
      wallSeconds,
      resultRecords,
      peakMiB: { enricher: peakBytesOf(pids.enricher) / 2 ** 20, aggregator: peakBytesOf(pids.aggregator) / 2 ** 20 },
    };
  } finally {
    await platform.stop();
    await Promise.all([broker.stop(), redis.stop()]);
    rmSync(directory, { recursive: true, force: true });
  }
}

async function fill({ writer, definition }: Platform, events: readonly string[], form: string): Promise<void> {
  const { partitions } = definition.schema;
  const shares: string[][] = Array.from({ length: partitions }, () => []);
  for (const event of events) {
    const key = utf8.encode((JSON.parse(event) as { user_id: string }).user_id);
    shares[partitionOf(key, 0, key.length, partitions)]?.push(event);
  }
  const size = form === 'batched' ? BATCHED_EVENTS : 1;
  await Promise.all(
    shares.map(async (share, partition) => {
      const records: NewRecord[] = [];
      for (let at = 0; at < share.length; at += size) {
        const some = share.slice(at, at + size);
        records.push({ key: null, value: utf8.encode(size === 1 ? (some[0] ?? '') : `[${some.join(',')}]`) });
      }
      const perAppend = size === 1 ? APPEND_RECORDS : 8;
      for (let at = 0; at < records.length; at += perAppend) {
        await writer.append(definition.topics.raw, partition, records.slice(at, at + perAppend));
      }
    }),
  );
}

/** Waits until no result has come for a while; returns how many there are. */
async function quiet(platform: Platform): Promise<number> {
  const { topics, schema } = platform.definition;
  const count = async (): Promise<number> => {
    const partitions = Array.from({ length: schema.partitions }, (_, partition) => partition);
    const ends = await Promise.all(partitions.map((partition) => platform.reader.end(topics.metrics, partition)));
    return ends.reduce((sum, end) => sum + end, 0);
  };
  let known = -1;
  let polls = 0;
  await until('the results to be complete', DONE_WITHIN_MS, async () => {
    const now = await count();
    polls = now === known ? polls + 1 : 0;
    known = now;
    return polls >= QUIET_POLLS;
  });
  return known;
}

type Pids = Readonly<Record<'enricher' | 'aggregator' | 'broker' | 'redis', number>>;

function cpuOf(pids: Pids): Record<keyof Pids, number> {
  const { enricher, aggregator, broker, redis } = pids;
  return {
    enricher: cpuSecondsOf(enricher),
    aggregator: cpuSecondsOf(aggregator),
    broker: cpuSecondsOf(broker),
    redis: cpuSecondsOf(redis),
  };
}

function pidOf({ child, service }: Platform['processes'][number]): number {
  if (child.pid === undefined) throw new Error(`${service} has not started`);
  return child.pid;
}
