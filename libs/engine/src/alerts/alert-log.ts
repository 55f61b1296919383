import type { OpenAlert } from '@tillstream/core';
import type { AlertEvent, AlertProgress, StreamDefinition } from '@tillstream/contracts';
import { decodeAlertRecord } from '@tillstream/contracts';
import type { LogReader } from '../ports/log';
import { recordsBetween } from '../task/log-tail';

/** What an alerts topic says of one alert identity. */
export interface AlertHistory {
  readonly progress: AlertProgress | null;
  /** The alerts that were open behind the newest window that the progress says was decided, by group. */
  readonly open: ReadonlyMap<string, OpenAlert>;
}

/**
 * Reads a stream's alerts topic to its end. By identity; what stands behind the window that was decided last is left out: it will
 * be told again.
 */
export async function readAlertLog(
  reader: LogReader,
  { topics }: StreamDefinition,
): Promise<ReadonlyMap<string, AlertHistory>> {
  const progress = new Map<string, AlertProgress>();
  const events = new Map<string, AlertEvent[]>();
  const [begin, end] = [await reader.begin(topics.alerts, 0), await reader.end(topics.alerts, 0)];
  for await (const record of recordsBetween(reader, topics.alerts, 0, begin, end)) {
    const decoded = decodeAlertRecord(record);
    if (decoded.kind === 'unknown') continue;
    if (decoded.kind === 'decided') {
      // One who has lost the partition without noticing may have told the last one: the furthest counts.
      if (decoded.decidedMs >= (progress.get(decoded.identity)?.decidedMs ?? -Infinity)) {
        progress.set(decoded.identity, decoded);
      }
      continue;
    }
    const known = events.get(decoded.identity);
    if (known) known.push(decoded);
    else events.set(decoded.identity, [decoded]);
  }
  const identities = new Set([...progress.keys(), ...events.keys()]);
  return new Map(
    [...identities].map((identity) => {
      const reached = progress.get(identity) ?? null;
      return [
        identity,
        { progress: reached, open: openBehind(reached?.decidedMs ?? -Infinity, events.get(identity) ?? []) },
      ];
    }),
  );
}

function openBehind(decidedMs: number, events: readonly AlertEvent[]): ReadonlyMap<string, OpenAlert> {
  const resolved = new Set(
    events.filter(({ kind, startMs }) => kind === 'resolved' && startMs <= decidedMs).map(({ id }) => id),
  );
  const open = new Map<string, OpenAlert>();
  for (const { id, groupKey, sinceMs, openedMs } of events) {
    if (openedMs <= decidedMs && !resolved.has(id)) open.set(groupKey, { sinceMs, openedMs });
  }
  return open;
}
