import type { CliClock } from '../cli-clock';

/** A clock that moves only when somebody sleeps, at once, for specs. */
export interface FakeClock extends CliClock {
  readonly slept: readonly number[];
  advance(ms: number): void;
}

export function fakeClock(startMs = 0): FakeClock {
  let now = startMs;
  const slept: number[] = [];
  return {
    slept,
    advance: (ms) => {
      now += ms;
    },
    nowMs: () => now,
    monotonicMs: () => now,
    sleep: async (ms, signal) => {
      await new Promise(setImmediate); // others get their turn
      if (signal.aborted) return;
      slept.push(ms);
      now += ms;
    },
  };
}
