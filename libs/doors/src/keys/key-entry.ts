import type { GrantedKey, ReadKey } from '@tillstream/config';

/** A key as somebody has declared it, in a variable or in a file. */
export interface KeyEntry {
  /** Of the key, as 64 hexadecimal digits. */
  readonly sha256: string;
  /** Whose it is; null for keys of a variable. Keys of one name are one caller, so that a new key can take an old one's place. */
  readonly name: string | null;
  /** Null: every stream. */
  readonly streams: readonly string[] | null;
  /** It may also ask in SQL. */
  readonly sql: boolean;
  /** Null: as many as there are. */
  readonly eventsPerSecond: number | null;
  readonly requestsPerSecond: number | null;
  /** From then on it opens nothing. */
  readonly expiresMs: number | null;
}

/** Keys of a variable: they have no name, no limits and no end. */
export function keyEntries(keys: readonly (GrantedKey | ReadKey)[]): readonly KeyEntry[] {
  return keys.map((key) => ({
    sha256: key.sha256,
    name: null,
    streams: key.streams,
    sql: 'sql' in key && key.sql,
    eventsPerSecond: null,
    requestsPerSecond: null,
    expiresMs: null,
  }));
}
