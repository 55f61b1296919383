import { ALL_TIME } from '@tillstream/core';
import type { HoppingSpec, SessionSpec, WindowSpec } from '@tillstream/core';
import type { Value } from './document';
import { formatDuration } from './duration';

const DAY_MS = 86_400_000;
export const MAX_WINDOW_MS = 31 * DAY_MS;
/** A late row names every window it missed; with more than this the list would outgrow a record. */
const MAX_WINDOWS_PER_EVENT = 10_000;
const MAX_GAP_MS = 7 * DAY_MS;
const DEFAULT_SESSION_MS = DAY_MS;
/** A session is kept in pieces as wide as the gap. */
const LEAST_GAPS = 4;
const MOST_GAPS = 10_000;

const FORMS =
  'windows have a size, and a hop where they overlap: { size: 5m, hop: 1m }; or they are sessions: { session: 30m }; ' +
  'global is a running total';
const KEYS = ['size', 'hop', 'session', 'maxDuration'] as const;
const POSITIVE = { minMs: 1, maxMs: MAX_WINDOW_MS, otherwise: 'must be more than 0 and at most 31d' };

/** What the windows of a metric may rely on. */
export interface WindowScope {
  /** Is it grouped by the stream's first key field? */
  readonly local: boolean;
  /** The stream's first key field; null where the key is wrong. */
  readonly key: string | null;
}

/** Reads `window:`; null when it is wrong, after its problems have been reported. */
export function readWindow(window: Value | null, scope: WindowScope): WindowSpec | null {
  if (window !== null && !window.isMap) return window.text() === 'global' ? ALL_TIME : window.problem(FORMS);
  const section = window?.section(KEYS, { gap: 'the gap between sessions is written { session: 30m }' }) ?? null;
  if (section === null) return null;
  const [size, hop, session, maxDuration] = KEYS.map((key) => section.get(key));
  if (session) {
    const other = size ?? hop;
    if (other)
      return other.problem(`sessions are as long as their events make them: leave it out, or leave out session`);
    return readSession(session, maxDuration ?? null, scope);
  }
  if (maxDuration) return maxDuration.problem('only sessions have it: windows with a size all last as long');
  return readHopping(section.require('size'), hop ?? null);
}

function readHopping(size: Value | null, hop: Value | null): HoppingSpec | null {
  const sizeMs = size?.duration(POSITIVE) ?? null;
  const hopMs = hop === null ? sizeMs : hop.duration(POSITIVE);
  if (sizeMs === null || hopMs === null) return null;
  if (hopMs > sizeMs) {
    const gap = `events between them would be in none; to count some of the events, use where`;
    const windows = `windows of ${formatDuration(sizeMs)} that begin every ${formatDuration(hopMs)}`;
    return hop?.problem(`${windows} leave gaps: ${gap}`) ?? null;
  }
  const windows = Math.ceil(sizeMs / hopMs);
  if (windows > MAX_WINDOWS_PER_EVENT) {
    return hop?.problem(`every event would be in ${windows} windows, ${MAX_WINDOWS_PER_EVENT} are allowed`) ?? null;
  }
  return { sizeMs, hopMs };
}

function readSession(session: Value, maxDuration: Value | null, { local, key }: WindowScope): SessionSpec | null {
  const gapMs = session.duration({ minMs: 1, maxMs: MAX_GAP_MS, otherwise: 'must be more than 0 and at most 7d' });
  const durationMs = maxDuration?.duration(POSITIVE) ?? null;
  if (key !== null && !local) {
    session.problem(
      `sessions are of what keeps to one partition: add ${key}, the first field of the stream's key, to groupBy; the events ` +
        'of any other group are in several partitions, and none of these knows when the others have been quiet',
    );
  }
  if (gapMs === null || (maxDuration !== null && durationMs === null)) return null;
  const [leastMs, mostMs] = [LEAST_GAPS * gapMs, Math.min(MOST_GAPS * gapMs, MAX_WINDOW_MS)];
  const maxDurationMs = durationMs ?? Math.min(mostMs, Math.max(leastMs, DEFAULT_SESSION_MS));
  if (maxDurationMs < leastMs || maxDurationMs > mostMs) {
    const [least, most] = [formatDuration(leastMs), formatDuration(mostMs)];
    return maxDuration?.problem(`with a gap of ${formatDuration(gapMs)} it must be from ${least} to ${most}`) ?? null;
  }
  return key === null || local ? { gapMs, maxDurationMs } : null;
}
