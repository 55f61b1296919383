import { parseInstant } from './instant';

/** What the key of a record of a metrics topic says, without its value being looked at. */
export interface MetricsKey {
  readonly of: 'final' | 'provisional' | 'closed' | 'late-count';
  /** `name@definition` */
  readonly identity: string;
  readonly startMs: number;
  /** The group, of a late count the partition, of a closed window ''. */
  readonly rest: string;
}

const KINDS: Readonly<Record<string, MetricsKey['of']>> = {
  f: 'final',
  p: 'provisional',
  c: 'closed',
  l: 'late-count',
};

/** Reads the key of a record of a metrics topic; null for anything else. */
export function readMetricsKey(key: Uint8Array): MetricsKey | null {
  const text = Buffer.from(key.buffer, key.byteOffset, key.length).toString('utf8');
  const [letter, identity, start] = text.split('|', 3);
  if (letter === undefined || identity === undefined || start === undefined) return null;
  const startMs = parseInstant(start);
  const of = KINDS[letter];
  if (of === undefined || startMs === null) return null;
  return { of, identity, startMs, rest: text.slice(letter.length + identity.length + start.length + 3) };
}
