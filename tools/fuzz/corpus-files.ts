import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Inputs of defects that were found begin like this; they stay whatever else becomes of a corpus. */
const KEPT = 'found-';

export interface CorpusFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** The files of a corpus by name; none when there is no such directory. */
export function readCorpus(directory: string): readonly CorpusFile[] {
  if (!existsSync(directory)) return [];
  const names = readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => name);
  return names.sort().map((name) => ({ name, bytes: new Uint8Array(readFileSync(join(directory, name))) }));
}

/** Adds an input under a name made from its bytes, and returns that. */
export function addToCorpus(directory: string, bytes: Uint8Array): string {
  const name = createHash('sha256').update(bytes).digest('hex').slice(0, 12);
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, name), bytes);
  return name;
}

/** Puts inputs in the place of all others but those of defects. */
export function replaceCorpus(directory: string, inputs: readonly Uint8Array[]): void {
  for (const { name } of readCorpus(directory)) if (!name.startsWith(KEPT)) rmSync(join(directory, name));
  for (const input of inputs) addToCorpus(directory, input);
}
