import { execFileSync } from 'node:child_process';

/**
 * Lets all threads of a process run on some cores only.
 *
 * @param cores as taskset names them: `0`, `0-1`
 * @throws Error where there is no taskset, no such process or no such core
 */
export function pinTo(cores: string, pid: number): void {
  execFileSync('taskset', ['--all-tasks', '--cpu-list', '--pid', cores, String(pid)], { stdio: 'ignore' });
}
