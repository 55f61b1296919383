import type { CheckpointStore, ClaimedCheckpoint, Commit } from './checkpoint-store';

/** A store with the accidents a test needs. */
export interface CheckpointStoreUnderTest {
  readonly store: CheckpointStore;
  /** Everything is forgotten. */
  lose(): Promise<void>;
  /** Remembers the store as it is; the function that comes back puts it into that state again. */
  snapshot(): Promise<() => Promise<void>>;
  close(): Promise<void>;
}

export const TASK = 'aggregator:commerce:3';
export const utf8 = new TextEncoder();
export const text = new TextDecoder();

export const START: ClaimedCheckpoint = { inc: 'inc-1', next: 10, seek: 4, state: utf8.encode('start') };

/** A commit of `[from, next)` by the owner `token`. */
export function aCommit(token: string, from: number, next: number, more: Partial<Commit> = {}): Commit {
  const fence = { inc: START.inc, token, next: from };
  return { fence, next, seek: next, state: utf8.encode(`at ${next}`), deltas: [], rewrites: [], drops: [], ...more };
}

/** Whatever class of array they come in. */
export function sameBytes(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a !== undefined && b !== undefined && Buffer.compare(a, b) === 0;
}
