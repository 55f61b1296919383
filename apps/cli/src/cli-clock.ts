import { setTimeout } from 'node:timers/promises';

/** Time as commands see it: for pacing and for what they print. */
export interface CliClock {
  /** Wall time, epoch ms. */
  nowMs(): number;
  /** Never goes back; for measuring elapsed time. */
  monotonicMs(): number;
  /** Resolves after `ms`, or as soon as the signal is aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

export const systemClock: CliClock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep: async (ms, signal) => {
    if (signal.aborted) return;
    await setTimeout(ms, undefined, { signal }).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
  },
};
