import { readFileSync, readdirSync } from 'node:fs';
import { cpuSecondsOf, peakBytesOf } from '../bench/process-cpu';

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
  const match = /^VmRSS:\s+(\d+) kB/m.exec(pid === undefined ? '' : readOrEmpty(`/proc/${pid}/status`));
  return Number(match?.[1] ?? 0) / 1024;
}

/** Open file handles of a process; 0 when there is none. */
export function handlesOf(pid: number | undefined): number {
  try {
    return pid === undefined ? 0 : readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    return 0; // it has just ended
  }
}

/** Looks at processes again and again, from its creation until `stop`. */
export class Gauges {
  private readonly rows: { watched: Watched; first: number; peak: number; cpu: number; pid: number | undefined }[];
  private readonly timer: NodeJS.Timeout;

  constructor(processes: readonly Watched[]) {
    this.rows = processes.map((watched) => {
      const pid = watched.pid();
      const now = residentMiB(pid);
      return { watched, first: now, peak: now, cpu: cpuOf(pid), pid };
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
      cpuSeconds: watched.pid() === pid ? cpuOf(pid) - cpu : cpuOf(watched.pid()),
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
  return new Map(processes.map(({ name, pid }) => [name, peakOf(pid())]));
}

function peakOf(pid: number | undefined): number {
  try {
    return pid === undefined ? 0 : peakBytesOf(pid) / MIB;
  } catch {
    return 0;
  }
}

function cpuOf(pid: number | undefined): number {
  try {
    return pid === undefined ? 0 : cpuSecondsOf(pid);
  } catch {
    return 0;
  }
}

function readOrEmpty(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
