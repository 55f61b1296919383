import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock, Random } from '@tillstream/engine';

/** The machine's clock. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep: (ms) => sleep(ms),
};

/** The machine's source of unpredictable bytes. */
export const systemRandom: Random = { hex: (bytes) => randomBytes(bytes).toString('hex') };
