import type { Turn } from '../memory/turn';
import type { Clock } from '../ports/clock';
import type { SeededRandom } from './seeded-random';

/** One simulated operating-system process. */
export interface SimulatedProcess {
  readonly name: string;
  readonly turn: Turn;
  readonly clock: Clock;
  state: 'running' | 'paused' | 'dead';
}

interface Pending {
  readonly process: SimulatedProcess;
  readonly label: string;
  readonly ready: (() => boolean) | undefined;
  readonly deadlineMs: number;
  readonly resolve: (outcome: 'ready' | 'timeout') => void;
}

/** Effects of these calls are under way already when a process dies: they may still happen, at any later time. */
const IN_FLIGHT = /^(append|commit|create|claim)/;
const MOST_MS_PER_STEP = 4;

/**
 * Runs any number of processes one call at a time, in an order that only the seed decides.
 *
 * Every call of a port waits here before it takes effect and again before its answer arrives. The scheduler picks one
 * that can go on, lets it run until everything waits again, and repeats; time moves a little with each step, and to the
 * next deadline when nobody can go on.
 */
export class Scheduler {
  nowMs: number;
  steps = 0;
  private pending: Pending[] = [];

  constructor(
    private readonly random: SeededRandom,
    startMs: number,
  ) {
    this.nowMs = startMs;
  }

  spawn(name: string): SimulatedProcess {
    const process: SimulatedProcess = {
      name,
      state: 'running',
      turn: { wait: (label, ready, deadlineMs) => this.wait(process, label, ready, deadlineMs) },
      clock: {
        nowMs: () => this.nowMs,
        monotonicMs: () => this.nowMs,
        sleep: async (ms) => {
          await this.wait(process, 'sleep', () => false, this.nowMs + ms);
        },
      },
    };
    return process;
  }

  /** The process is gone between two calls. What it had under way may still happen, or not; no answer ever arrives. */
  kill(process: SimulatedProcess): void {
    process.state = 'dead';
    this.pending = this.pending.filter(
      (call) => call.process !== process || (IN_FLIGHT.test(call.label) && this.random.chance(0.5)),
    );
  }

  /** Runs until `done` holds or nothing can ever go on. */
  async runUntil(done: () => boolean): Promise<void> {
    for (;;) {
      await settle();
      if (done()) return;
      const runnable = this.pending.filter((call) => this.canGoOn(call));
      if (runnable.length > 0) {
        this.step(this.random.pick(runnable));
        continue;
      }
      const nextMs = Math.min(...this.pending.filter(isAwake).map(({ deadlineMs }) => deadlineMs));
      if (!Number.isFinite(nextMs)) return;
      this.nowMs = Math.max(this.nowMs, nextMs);
    }
  }

  private wait(
    process: SimulatedProcess,
    label: string,
    ready?: () => boolean,
    deadlineMs = Infinity,
  ): Promise<'ready' | 'timeout'> {
    return new Promise((resolve) => {
      if (process.state !== 'dead') this.pending.push({ process, label, ready, deadlineMs, resolve });
    });
  }

  private canGoOn(call: Pending): boolean {
    if (!isAwake(call)) return false;
    return (call.ready?.() ?? true) || call.deadlineMs <= this.nowMs;
  }

  private step(call: Pending): void {
    this.steps += 1;
    this.nowMs += this.random.below(MOST_MS_PER_STEP);
    this.pending.splice(this.pending.indexOf(call), 1);
    call.resolve((call.ready?.() ?? true) ? 'ready' : 'timeout');
  }
}

/** A call of a dead process that is still here was under way when it died. */
function isAwake({ process }: Pending): boolean {
  return process.state !== 'paused';
}

/** Lets every promise that can settle do so. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
