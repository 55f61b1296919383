import { hashOfKey } from '@tillstream/config';
import type { KeyEntry } from '../keys/key-entry';
import { KeyRing } from '../keys/key-ring';

/** A key that opens everything for ever, unless it is said otherwise. */
export function aKey({ key, ...more }: Partial<KeyEntry> & { readonly key: string }): KeyEntry {
  return {
    sha256: hashOfKey(key),
    name: null,
    streams: null,
    sql: false,
    eventsPerSecond: null,
    requestsPerSecond: null,
    expiresMs: null,
    ...more,
  };
}

/** The keys of a door. */
export function ringOf(keys: readonly Parameters<typeof aKey>[0][]): KeyRing {
  return new KeyRing(keys.map(aKey));
}
