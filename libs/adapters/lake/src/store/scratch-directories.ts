import { mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';

/** Directories of another machine's processes are left alone for so long: whether these still run cannot be seen from here. */
const FOREIGN_MS = 7 * 24 * 60 * 60 * 1_000;

/** Makes a directory of its own below `parent`, named after who made it, so that it is known when nobody needs it any more. */
export async function makeScratch(parent: string): Promise<string> {
  await mkdir(parent, { recursive: true });
  return mkdtemp(join(parent, `${machine()}.${process.pid}.`));
}

/** Removes what processes have left below `parent` that did not end well. */
export async function removeStaleScratch(parent: string, nowMs: number): Promise<void> {
  const names = await readdir(parent).catch(() => []);
  for (const name of names) {
    const directory = join(parent, name);
    const madeMs = (await stat(directory).catch(() => null))?.mtimeMs ?? nowMs;
    if (isStale(name, madeMs, nowMs)) await rm(directory, { recursive: true, force: true });
  }
}

function isStale(name: string, madeMs: number, nowMs: number): boolean {
  const [host, pid] = name.split('.');
  if (host !== machine()) return madeMs < nowMs - FOREIGN_MS;
  // A container that is started again has the same name and the same number.
  if (Number(pid) === process.pid) return madeMs < nowMs - process.uptime() * 1_000;
  return !isRunning(Number(pid));
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/** Without the character that stands between the parts of a name. */
function machine(): string {
  return hostname().replaceAll('.', '_');
}
