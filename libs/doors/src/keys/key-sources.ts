import type { readKeyVariables, Values } from '@tillstream/config';
import { keyEntries, type KeyEntry } from './key-entry';
import type { KeyUse } from './key-file';

/** Where the keys of a door are declared. */
export interface KeySources {
  readonly use: KeyUse;
  /** Of a variable; null: it is not set, or says that no key is asked for. */
  readonly entries: readonly KeyEntry[] | null;
  /** A file of keys that is read again when it changes; null: there is none. */
  readonly file: string | null;
  /** That there are. */
  readonly streams: readonly string[];
}

/** Of a service that answers questions about `streams`. */
export function readKeySources(values: Values<typeof readKeyVariables>, streams: readonly string[]): KeySources {
  const { TILLSTREAM_READ_KEYS: keys, TILLSTREAM_READ_KEYS_FILE: file } = values;
  return { use: 'read', entries: keys?.length ? keyEntries(keys) : null, file: file ?? null, streams };
}
