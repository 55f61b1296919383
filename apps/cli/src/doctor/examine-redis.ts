import type { RedisProblem } from '@tillstream/adapter-redis';
import { bytesText } from '../words';
import type { Finding } from './finding';

/** What was found out about the store of checkpoints. */
export interface RedisLook {
  /** Why it could not be asked; null: it answered. */
  readonly trouble: string | null;
  readonly problems: readonly RedisProblem[];
  readonly usedBytes: number;
  /** 0: it has no limit of its own. */
  readonly limitBytes: number;
  /** How far its clock is ahead of ours. */
  readonly clockAheadMs: number;
  /** The quickest of a few questions. */
  readonly answerMs: number;
}

const NEAR_LIMIT = 0.8;
const SLOW_MS = 50;
const CLOCK_TOLERANCE_MS = 2_000;

export function examineRedis(look: RedisLook): Finding[] {
  const about = 'Redis';
  if (look.trouble !== null) {
    return [
      {
        ...{ severity: 'problem', about, what: `does not answer: ${look.trouble}` },
        remedy: 'Services wait for it and lose nothing. Is REDIS_URL right, is it up, does it take this password?',
      },
    ];
  }
  const findings = look.problems.map(({ severity, message, remedy }): Finding => ({
    ...{ severity: severity === 'error' ? 'problem' : 'warning', about, what: message, remedy },
  }));
  if (look.limitBytes > 0 && look.usedBytes > look.limitBytes * NEAR_LIMIT) {
    findings.push({
      ...{ severity: 'problem', about },
      what: `holds ${bytesText(look.usedBytes)} of at most ${bytesText(look.limitBytes)}: beyond, checkpoints are refused and partitions stand still`,
      remedy:
        'CONFIG SET maxmemory to more, and the same in redis.conf; or keep ids for a shorter time (dedupe in the stream file).',
    });
  }
  if (look.answerMs > SLOW_MS) {
    findings.push({
      ...{ severity: 'warning', about, what: `takes ${Math.round(look.answerMs)} ms to answer the simplest question` },
      remedy: 'Each checkpoint waits as long. Look at SLOWLOG GET, at its CPU, and at the network between.',
    });
  }
  if (Math.abs(look.clockAheadMs) > CLOCK_TOLERANCE_MS) {
    const way = look.clockAheadMs > 0 ? 'ahead of' : 'behind';
    findings.push({
      ...{ severity: 'warning', about },
      what: `its clock is ${Math.round(Math.abs(look.clockAheadMs) / 1_000)} s ${way} this one’s`,
      remedy: 'Let both machines keep time by NTP (chronyc tracking).',
    });
  }
  return findings;
}
