import { nextTick } from 'node:process';
import type { Turn } from '../memory/turn';
import type { Clock } from '../ports/clock';
import type { SeededRandom } from './seeded-random';

/** One simulated operating-system process. */
export interface SimulatedProcess {
  readonly name: string;
  readonly turn: Turn;
  readonly clock: Clock;
  state: 'running' | 'paused' | 'dead';
  /** How far its wall clock is ahead of the world's. Elapsed time is measured by another clock. */
  clockErrorMs: number;
}

/** Looks at each call before it goes on; true: it does not, since its process has been stopped or killed just now. */
export type Interruption = (process: SimulatedProcess, label: string) => boolean;

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
  /** Lets somebody strike between two calls, where a crash hurts most. */
  interrupted: Interruption = () => false;
  private pending: Pending[] = [];
  private runnable: Pending[] = [];

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
      clockErrorMs: 0,
      turn: { wait: (label, ready, deadlineMs) => this.wait(process, label, ready, deadlineMs) },
      clock: {
        nowMs: () => this.nowMs + process.clockErrorMs,
        monotonicMs: () => this.nowMs,
        sleep: async (ms) => {
          await this.wait(process, 'sleep', NEVER, this.nowMs + ms);
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
      await settled();
      if (done()) return;
      const nextMs = this.findRunnable();
      if (this.runnable.length > 0) {
        this.step(this.random.pick(this.runnable));
        continue;
      }
      if (nextMs === Infinity) return;
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

  /** Collects the calls that can go on; returns the next deadline of the others. */
  private findRunnable(): number {
    const { pending, runnable, nowMs } = this;
    runnable.length = 0;
    let nextMs = Infinity;
    for (const call of pending) {
      // A call of a dead process that is still here was under way when it died.
      if (call.process.state === 'paused') continue;
      if (call.deadlineMs <= nowMs || call.ready === undefined || call.ready()) runnable.push(call);
      else if (call.deadlineMs < nextMs) nextMs = call.deadlineMs;
    }
    return nextMs;
  }

  private step(call: Pending): void {
    this.steps += 1;
    this.nowMs += this.random.below(MOST_MS_PER_STEP);
    if (call.process.state === 'running' && this.interrupted(call.process, call.label)) return;
    this.pending.splice(this.pending.indexOf(call), 1);
    call.resolve((call.ready?.() ?? true) ? 'ready' : 'timeout');
  }
}

const NEVER = (): boolean => false;

/** Lets every promise that can settle do so: a tick's turn comes when no continuation of any promise is left. */
function settled(): Promise<void> {
  return new Promise((resolve) => nextTick(resolve));
}
