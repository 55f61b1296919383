import type { MetricDefinition } from '@tillstream/core';
import { isSession, oldestOpenStart } from '@tillstream/core';

const EVERY_MS = 2_000;
/** A frontier is repeated this often although nothing has changed, so that the topic never forgets the last one. */
const REPEAT_MS = 3_600_000;

/** Decides when a partition tells the others how far its time has come. */
export class FrontierPace {
  private inputMs = -Infinity;
  private caughtUp = false;
  private held = false;
  private atMs = -Infinity;

  constructor(private readonly metrics: readonly MetricDefinition[]) {}

  /** Has the watermark passed the end of a window since the last frontier? Sessions end all the time, each where its group does. */
  passedWindowEnd(inputMs: number): boolean {
    return this.metrics.some(({ window, outOfOrdernessMs }) => {
      const before = oldestOpenStart(window, this.inputMs - outOfOrdernessMs);
      return !isSession(window) && oldestOpenStart(window, inputMs - outOfOrdernessMs) !== before;
    });
  }

  isDue(inputMs: number, caughtUp: boolean, held: boolean, nowMs: number): boolean {
    if (caughtUp !== this.caughtUp || held !== this.held) return true;
    const waited = nowMs - this.atMs;
    return (inputMs > this.inputMs && waited >= EVERY_MS) || waited >= REPEAT_MS;
  }

  sent(inputMs: number, caughtUp: boolean, held: boolean, nowMs: number): void {
    this.inputMs = inputMs;
    this.caughtUp = caughtUp;
    this.held = held;
    this.atMs = nowMs;
  }
}
