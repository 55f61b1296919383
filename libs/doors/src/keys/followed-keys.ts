import { readFileSync } from 'node:fs';
import { ConfigError } from '@tillstream/config';
import { followFiles } from '../files/follow-files';
import { parseKeyFile, type KeyFileKind } from './key-file';
import type { KeyEntry } from './key-entry';
import type { KeySources } from './key-sources';
import { KeyRing } from './key-ring';

/** Told of the file; nothing it is told holds a key. */
export interface KeyFileLog {
  info(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** The keys of a door, kept up with their file. */
export interface FollowedKeys {
  readonly ring: KeyRing;
  /** Reads the file no more. */
  stop(): void;
}

/**
 * Reads the keys of a door and keeps up with their file. A file that cannot be used later on leaves the keys that hold, and is
 * told of: a mistake must neither open a door nor shut everyone out.
 *
 * @throws ConfigError when the file cannot be used at the start
 */
export function followKeys(sources: KeySources, log: KeyFileLog, everyMs?: number): FollowedKeys {
  const { use, entries, file, streams } = sources;
  // With a file the door is never open, whatever stands in it.
  const ring = new KeyRing(entries ?? (file === null ? null : []));
  if (file === null) return { ring, stop: () => undefined };
  const kind = { file, use, streams };
  const first = readFirst(file);
  ring.replace(entriesOf(first, kind));
  const follower = {
    take: ([text]: readonly Buffer[]): void => {
      const now = entriesOf(text ?? Buffer.alloc(0), kind);
      ring.replace(now);
      log.info({ file, keys: now.length }, 'keys_taken_up');
    },
    onProblem: (error: unknown): void => {
      const problems = error instanceof ConfigError ? error.problems : [(error as Error).message];
      log.error({ file, problems, remedy: 'mend the file; until then the keys from before hold' }, 'keys_not_usable');
    },
  };
  return { ring, stop: followFiles([file], [first], follower, everyMs) };
}

function readFirst(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new ConfigError([`${file}: the file of keys cannot be read: ${(error as Error).message}`]);
  }
}

function entriesOf(text: Buffer, kind: KeyFileKind): readonly KeyEntry[] {
  const read = parseKeyFile(text.toString('utf8'), kind);
  if (!read.ok) throw new ConfigError(read.problems);
  return read.entries;
}
