import type { Platform, ServiceName, ServiceProcess } from '../../e2e/platform';

/** How one process ended and came back. */
export interface Restart {
  readonly service: ServiceName;
  /** From the signal to the end of the process. */
  readonly stoppedMs: number;
  /** 0: it has ended in order. Null: it was killed. */
  readonly code: number | null;
  /** From its start to its being ready. */
  readonly readyMs: number;
}

export interface RestartPlan {
  /** `SIGTERM` asks for an end in order, `SIGKILL` gives no time for one. */
  readonly signal: 'SIGTERM' | 'SIGKILL';
  readonly readyWithinMs: number;
  /** Called when a process has ended and before it is started again: looks at what it has left. */
  readonly gone?: (process: ServiceProcess) => Promise<void>;
}

/** Restarts processes one after the other, each only when the one before is ready again, as a rolling update does. */
export async function restartInTurn(
  platform: Platform,
  processes: readonly ServiceProcess[],
  { signal, readyWithinMs, gone }: RestartPlan,
): Promise<readonly Restart[]> {
  const restarts: Restart[] = [];
  for (const process of processes) {
    const signalledMs = performance.now();
    const code = await platform.end(process, signal);
    const stoppedMs = performance.now() - signalledMs;
    await gone?.(process);
    const startedMs = performance.now();
    platform.startAgain(process);
    await platform.ready(process, readyWithinMs);
    restarts.push({ service: process.service, stoppedMs, code, readyMs: performance.now() - startedMs });
  }
  return restarts;
}
