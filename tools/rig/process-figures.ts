import { readFileSync, readdirSync } from 'node:fs';

/** Linux counts a process's time in ticks of this length. */
const TICK_SECONDS = 0.01;

/** CPU-seconds that a process has used so far. */
export interface Cpu {
  readonly user: number;
  /** Within the kernel. */
  readonly system: number;
}

/** @throws Error when there is no such process, as all of these do */
export function cpuOf(pid: number): Cpu {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name of the program stands in parentheses and may hold anything; what follows is numbers.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { user: Number(fields[11]) * TICK_SECONDS, system: Number(fields[12]) * TICK_SECONDS };
}

/** User and system together. */
export function cpuSecondsOf(pid: number): number {
  const { user, system } = cpuOf(pid);
  return user + system;
}

/** Most memory a process has held, in bytes. */
export function peakBytesOf(pid: number): number {
  return kilobytesOf(pid, 'VmHWM') * 1024;
}

/** Memory a process holds now, in bytes. */
export function residentBytesOf(pid: number): number {
  return kilobytesOf(pid, 'VmRSS') * 1024;
}

/** Files, connections and the like that a process holds open now. */
export function openHandlesOf(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

function kilobytesOf(pid: number, name: string): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0);
}

/** Processes that wanted to run at the same time, over the last minute: what else the machine was doing. */
export function loadAverage(): number {
  return Number(readFileSync('/proc/loadavg', 'utf8').split(' ')[0]);
}
