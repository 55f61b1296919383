import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Two hours of event time for two million events, with five seconds of disorder: the shape that engines are compared on. */
const EVENTS_A_SECOND = 2_000_000 / 7_200;

/** JSON of uniform events, one string each, from the seeded generator. */
export function uniformEvents(count: number): string[] {
  const directory = mkdtempSync(join(tmpdir(), 'tillstream-bench-'));
  const file = join(directory, 'events.ndjson');
  try {
    const till = join(process.cwd(), 'dist/apps/cli/main.js');
    const shape = ['--uniform', '--disorder', '5s', '--start', '2026-01-05T00:00:00Z'];
    const pace = ['--rate', '0', '--time-rate', String(EVENTS_A_SECOND)];
    execFileSync(
      process.execPath,
      [till, 'generate', '--to', file, '--seed', '7', '--count', String(count), ...shape, ...pace],
      {
        stdio: ['ignore', 'ignore', 'inherit'],
      },
    );
    return readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line !== '');
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
