import type { KeyEntry } from './key-entry';

/** What a caller may do who has shown a key. */
export interface Grant {
  /** Tells callers apart without being their key. */
  readonly id: string;
  /** Null: every stream. */
  readonly streams: readonly string[] | null;
  /** The streams that may be asked about in SQL; null: every one. */
  readonly sqlStreams: readonly string[] | null;
  readonly eventsPerSecond: number | null;
  readonly requestsPerSecond: number | null;
}

/** Whoever comes, where no key is asked for. */
export const EVERYTHING: Grant = {
  id: '',
  streams: null,
  sqlStreams: null,
  eventsPerSecond: null,
  requestsPerSecond: null,
};

/** What the entries of one key give together: a key may stand in several places. At least one. */
export function grantOf(entries: readonly KeyEntry[]): Grant {
  const [first] = entries;
  if (first === undefined) throw new Error('a grant is made of at least one entry');
  return {
    id: first.name ?? first.sha256,
    streams: streamsOf(entries),
    sqlStreams: streamsOf(entries.filter(({ sql }) => sql)),
    eventsPerSecond: leastOf(entries.map(({ eventsPerSecond }) => eventsPerSecond)),
    requestsPerSecond: leastOf(entries.map(({ requestsPerSecond }) => requestsPerSecond)),
  };
}

/** Whether `streams` has the stream. */
export function opens(streams: readonly string[] | null, stream: string): boolean {
  return streams === null || streams.includes(stream);
}

function streamsOf(entries: readonly KeyEntry[]): readonly string[] | null {
  return entries.some(({ streams }) => streams === null) ? null : entries.flatMap(({ streams }) => streams ?? []);
}

function leastOf(limits: readonly (number | null)[]): number | null {
  const given = limits.filter((limit) => limit !== null);
  return given.length === 0 ? null : Math.min(...given);
}
