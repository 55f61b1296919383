import { RedisCheckpointStore, connectRedis } from '@tillstream/adapter-redis';
import type { StreamDefinition } from '@tillstream/contracts';
import { VisitTracker } from '@tillstream/core';
import type { CheckpointStore, PartitionSource, TaskGauge, TaskPorts } from '@tillstream/engine';
import { SourceRevokedError, openTrackerTask, silentTelemetry, trackerTask } from '@tillstream/engine';
import { systemClock, systemRandom } from '@tillstream/nest-runtime';
import { pino } from 'pino';
import { Platform } from '../e2e/platform';
import { withVisits } from '../e2e/visits';
import { withOwnServers } from '../rig/own-servers';
import { table } from '../rig/table';
import { columnBatches } from './column-batches';
import type { BenchContext } from './context';
import { median } from './measure';
import { clientSessionOf } from './shop-visits';

const MOST_SESSIONS = 1_000_000;
/** With few events there are few sessions. */
const SESSIONS_PER_EVENT = 5;
const EVENTS_EACH = 3;
const ROUNDS = 3;
const AIM_SECONDS = 3;
const FENCE = { inc: 'inc', token: 'the one before' };

/** How long a session-tracker needs to take partitions over whose open sessions are in Redis: from the claim until it could go on. */
export async function measureRecovery({ partCount, say }: BenchContext): Promise<string> {
  const sessions = Math.min(MOST_SESSIONS, SESSIONS_PER_EVENT * partCount);
  return withOwnServers(async ({ store: server }) => {
    const platform = new Platform((text) => withVisits(text, { sessions: '{ gap: 30m, also: session_id }' }));
    const redis = connectRedis({ url: server.address, logger: pino({ level: 'error' }) });
    try {
      await platform.createTopics();
      const { definition } = platform;
      const store = new RedisCheckpointStore(redis);
      const rows: string[][] = [];
      const all = definition.schema.partitions;
      for (const [partitions, lost] of [
        [1, [1]],
        [all, [all, all / 2]],
      ] as const) {
        await redis.flushall();
        const each = Math.floor(sessions / partitions);
        for (let partition = 0; partition < partitions; partition += 1) {
          say(`opening ${each} sessions in partition ${partition}`);
          await openSessions(store, definition, partition, each);
        }
        const used = Number(/used_memory:(\d+)/.exec(await redis.info('memory'))?.[1]);
        const log = { writer: platform.writer, reader: platform.reader };
        for (const taken of lost) {
          say(`taking ${taken} of ${partitions} partitions over ${ROUNDS} times`);
          const { seconds, cpuSeconds } = await takeOver({ ...log, store }, definition, taken, each * taken);
          say(`${seconds.map((value) => value.toFixed(2)).join(', ')} s`);
          rows.push([
            ...[`${taken} of ${partitions}`, (each * taken).toLocaleString('en')],
            ...[median(seconds).toFixed(2), Math.min(...seconds).toFixed(2), median(cpuSeconds).toFixed(2)],
            String(Math.round(used / (each * partitions))),
          ]);
        }
      }
      return [
        `Open sessions of ${EVENTS_EACH} events each, from the claim until their partitions could go on, ${ROUNDS} times; ` +
          `the aim is ${AIM_SECONDS} s for a million. Half of the partitions are what one of two replicas leaves behind:`,
        '',
        ...table(
          [
            'partitions taken over',
            'open sessions',
            'seconds',
            'the fastest',
            'CPU-s of the tracker',
            'bytes of Redis a session',
          ],
          rows,
        ),
      ].join('\n');
    } finally {
      redis.disconnect();
      await platform.stop();
    }
  });
}

/** Leaves in the store what a tracker of the partition would have that so many people are in the shop of. */
async function openSessions(
  store: CheckpointStore,
  { schema, sessions }: StreamDefinition,
  partition: number,
  count: number,
): Promise<void> {
  const shape = {
    schema,
    eventsPerSecond: 10_000,
    userOf: (event: number) => event % count,
    sessionOf: (event: number) => clientSessionOf(event % count),
  };
  const task = trackerTask(schema.stream, partition);
  let tracker: VisitTracker | null = null;
  let next = 0;
  for (const batch of columnBatches(shape, count * EVENTS_EACH)) {
    if (tracker === null) {
      const tails = { sessions: null, attribution: null };
      const options = { schema, partition, sessions: sessions ?? null, attribution: null, tails };
      tracker = VisitTracker.create(options, { next, before: batch.before, sinceMs: -Infinity });
      await store.create(task, FENCE.token, { inc: FENCE.inc, next, seek: 0, state: tracker.takeDeltas().state });
    }
    tracker.apply({ ...batch, partition });
    tracker.takeNews();
    const { state, fields } = tracker.takeDeltas();
    const outcome = await store.commit(task, {
      ...{ fence: { ...FENCE, next }, next: tracker.next, seek: 0, state, fields },
      ...{ deltas: [], rewrites: [], drops: [] },
    });
    if (outcome !== 'committed') throw new Error(`a commit was ${outcome}`);
    next = tracker.next;
  }
}

/** Takes partitions over, all at once, several times. */
async function takeOver(
  ports: Pick<TaskPorts, 'writer' | 'reader' | 'store'>,
  definition: StreamDefinition,
  partitions: number,
  expected: number,
): Promise<{ readonly seconds: readonly number[]; readonly cpuSeconds: readonly number[] }> {
  const [seconds, cpuSeconds]: [number[], number[]] = [[], []];
  for (let round = 0; round < ROUNDS; round += 1) {
    let open = 0;
    const meter = { ...silentTelemetry.meter, gauge: countOpen };
    const world = { clock: systemClock, random: systemRandom, telemetry: { ...silentTelemetry, meter } };
    const startedMs = performance.now();
    const before = process.cpuUsage();
    const tasks = await Promise.all(
      Array.from({ length: partitions }, (_, partition) =>
        openTrackerTask({ ...ports, ...world }, definition, new LostSource(definition.topics.enriched, partition)),
      ),
    );
    seconds.push((performance.now() - startedMs) / 1000);
    const { user, system } = process.cpuUsage(before);
    cpuSeconds.push((user + system) / 1e6);
    for (const task of tasks) await task.run().catch(isLost);
    if (open !== expected) throw new Error(`${open} sessions came back of ${expected}`);
    for (const task of tasks) task.close();

    function countOpen(gauge: TaskGauge, _labels: unknown, value: number): void {
      if (gauge === 'open_sessions') open += value;
    }
  }
  return { seconds, cpuSeconds };
}

function isLost(error: unknown): void {
  if (!(error instanceof SourceRevokedError)) throw error;
}

/** A partition that is gone as soon as the work on it could go on. */
class LostSource implements PartitionSource {
  constructor(
    readonly topic: string,
    readonly partition: number,
  ) {}

  seek(): void {}
  next = (): Promise<null> => Promise.reject(new SourceRevokedError(this.topic, this.partition));
  logEndOffset = (): null => null;
  isRevoked = (): boolean => true;
  commit(): void {}
}
