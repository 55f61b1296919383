import { cpuSecondsOf, openHandlesOf, peakBytesOf, residentBytesOf } from '../rig/process-figures';

const SAMPLE_EVERY_MS = 500;
const MIB = 1024 * 1024;

/** A process that is looked at: the pid may change when it is started anew. */
export interface Watched {
  readonly name: string;
  readonly pid: () => number | undefined;
}

/** What one process has used between two moments. */
export interface Usage {
  readonly name: string;
  /** MiB of resident memory: at the beginning, the most, at the end. */
  readonly firstMiB: number;
  readonly peakMiB: number;
  readonly lastMiB: number;
  readonly cpuSeconds: number;
}

/** Resident memory of a process in MiB; 0 when there is none. */
export function residentMiB(pid: number | undefined): number {
  return orNothing(residentBytesOf, pid) / MIB;
}

/** Open file handles of a process; 0 when there is none. */
export function handlesOf(pid: number | undefined): number {
  return orNothing(openHandlesOf, pid);
}

/** Looks at processes again and again, from its creation until `stop`. */
export class Gauges {
  private readonly rows: { watched: Watched; first: number; peak: number; cpu: number; pid: number | undefined }[];
  private readonly timer: NodeJS.Timeout;

  constructor(processes: readonly Watched[]) {
    this.rows = processes.map((watched) => {
      const pid = watched.pid();
      const now = residentMiB(pid);
      return { watched, first: now, peak: now, cpu: orNothing(cpuSecondsOf, pid), pid };
    });
    this.timer = setInterval(() => this.sample(), SAMPLE_EVERY_MS);
  }

  /** What has been used since the beginning; goes on looking. */
  now(): readonly Usage[] {
    this.sample();
    return this.rows.map(({ watched, first, peak, cpu, pid }) => ({
      name: watched.name,
      firstMiB: first,
      peakMiB: peak,
      lastMiB: residentMiB(watched.pid()),
      cpuSeconds: orNothing(cpuSecondsOf, watched.pid()) - (watched.pid() === pid ? cpu : 0),
    }));
  }

  stop(): readonly Usage[] {
    clearInterval(this.timer);
    return this.now();
  }

  private sample(): void {
    for (const row of this.rows) row.peak = Math.max(row.peak, residentMiB(row.watched.pid()));
  }
}

/** The most memory each process has held since it was born, which no sampling misses. */
export function peaksSinceBirth(processes: readonly Watched[]): ReadonlyMap<string, number> {
  return new Map(processes.map(({ name, pid }) => [name, orNothing(peakBytesOf, pid()) / MIB]));
}

/** 0 of a process that has just ended, or has not begun. */
function orNothing(figureOf: (pid: number) => number, pid: number | undefined): number {
  try {
    return pid === undefined ? 0 : figureOf(pid);
  } catch {
    return 0;
  }
}
