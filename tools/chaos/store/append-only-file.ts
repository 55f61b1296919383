import { cpSync, readFileSync, rmSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';

/** Where Redis 7 keeps its append-only file below its directory: a base, increments, and a manifest that names them. */
const DIRECTORY = 'appendonlydir';
const MANIFEST = 'appendonly.aof.manifest';

/**
 * Takes bytes off the end, as a machine does that loses its power before they have reached the disk. For a Redis that
 * does not run. When it starts again it drops what is left of a command that was cut in half.
 *
 * @param bytes how many to take of a file of this size
 * @returns how many bytes are gone: no more than the newest increment had
 */
export function cutTail(dataDir: string, bytes: (size: number) => number): number {
  const file = newestIncrement(dataDir);
  const { size } = statSync(file);
  const cut = Math.min(size, bytes(size));
  truncateSync(file, size - cut);
  return cut;
}

/** Copies what is on the disk now; Redis may run meanwhile, as the end of a copy may be cut in half. */
export function copyAppendOnlyFile(dataDir: string, to: string): void {
  rmSync(to, { recursive: true, force: true });
  cpSync(join(dataDir, DIRECTORY), to, { recursive: true });
}

/** Puts a copy in the place of what is there. For a Redis that does not run. */
export function restoreAppendOnlyFile(dataDir: string, from: string): void {
  rmSync(join(dataDir, DIRECTORY), { recursive: true, force: true });
  cpSync(from, join(dataDir, DIRECTORY), { recursive: true });
}

/** The increment that Redis appends to: the last one of the manifest. */
function newestIncrement(dataDir: string): string {
  const directory = join(dataDir, DIRECTORY);
  const manifest = readFileSync(join(directory, MANIFEST), 'utf8');
  const name = [...manifest.matchAll(/^file (\S+) seq \d+ type i$/gm)].at(-1)?.[1];
  if (name === undefined) throw new Error(`${directory} names no increment of an append-only file:\n${manifest}`);
  return join(directory, name);
}
