import { openRedis, redisFault, verifyConnection, type RedisServer } from '@tillstream/adapter-redis';
import { explainRedisFault } from '@tillstream/config';
import type { CliClock } from '../cli-clock';
import type { RedisLook } from './examine-redis';

const ASKED = 5;

/** Asks the store of checkpoints how it is. Never throws: one that is away is a finding. */
export async function lookAtRedis(server: RedisServer, clock: CliClock): Promise<RedisLook> {
  const connection = openRedis(server);
  try {
    const problems = await verifyConnection(connection);
    const masters = await connection.masters();
    const memories = await Promise.all(masters.map((master) => master.info('memory')));
    // The fullest node of a Cluster is the one that counts.
    const memory = memories.sort((a, b) => numberIn(b, 'used_memory') - numberIn(a, 'used_memory'))[0] ?? '';
    const redis = masters[0]!;
    const times: number[] = [];
    let clockAheadMs = 0;
    for (let i = 0; i < ASKED; i += 1) {
      const [beforeMs, fromMs] = [clock.nowMs(), clock.monotonicMs()];
      const [seconds, micros] = await redis.time();
      const tookMs = clock.monotonicMs() - fromMs;
      times.push(tookMs);
      clockAheadMs = Number(seconds) * 1_000 + Number(micros) / 1_000 - (beforeMs + tookMs / 2);
    }
    return {
      ...{ trouble: null, problems, clockAheadMs, answerMs: Math.min(...times) },
      ...{ usedBytes: numberIn(memory, 'used_memory'), limitBytes: numberIn(memory, 'maxmemory') },
    };
  } catch (error) {
    const trouble = explainRedisFault(redisFault(error)) ?? (error as Error).message;
    return { trouble, problems: [], usedBytes: 0, limitBytes: 0, clockAheadMs: 0, answerMs: 0 };
  } finally {
    connection.commands.disconnect();
  }
}

const numberIn = (info: string, name: string): number =>
  Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1] ?? 0);
