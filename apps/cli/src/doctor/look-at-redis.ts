import { connectRedis, verifyRedis } from '@tillstream/adapter-redis';
import type { CliClock } from '../cli-clock';
import type { RedisLook } from './examine-redis';

const ASKED = 5;
const TIMEOUT_MS = 3_000;

/** Asks the store of checkpoints how it is. Never throws: one that is away is a finding. */
export async function lookAtRedis(url: string, clock: CliClock): Promise<RedisLook> {
  const redis = connectRedis({ url, commandTimeoutMs: TIMEOUT_MS, connectTimeoutMs: TIMEOUT_MS });
  let refusal: string | null = null;
  redis.on('error', (error: Error) => (refusal = error.message));
  try {
    const problems = await verifyRedis(redis);
    const memory = await redis.info('memory');
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
    const trouble = refusal ?? (error as Error).message;
    return { trouble, problems: [], usedBytes: 0, limitBytes: 0, clockAheadMs: 0, answerMs: 0 };
  } finally {
    redis.disconnect();
  }
}

const numberIn = (info: string, name: string): number =>
  Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1] ?? 0);
