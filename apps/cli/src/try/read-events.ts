import type { RejectedEvent } from '@tillstream/core';
import type { ReplayRow, ReplayRows } from '../replay/replay-source';
import type { EventLog } from './event-log';

/** Most events in one body, as a gateway's client sends them. */
const BODY_ROWS = 1_000;
/** Refused events that are told in detail. */
const MOST_DETAILS = 5;

/** What became of the events before they were computed with. */
export interface ReadEvents {
  readonly rows: number;
  /** Of these, refused, by code. */
  readonly refused: ReadonlyMap<string, number>;
  /** The first ones refused: index of the file, line or row from 1, and why. */
  readonly examples: readonly { readonly file: number; readonly row: number; readonly event: RejectedEvent }[];
}

/**
 * Reads recorded events into a log.
 *
 * @param onRead called after each body, with how many have been read; throws to give up
 */
export async function readEvents(
  source: ReplayRows,
  log: EventLog,
  onRead: (rows: number) => void,
): Promise<ReadEvents> {
  const refused = new Map<string, number>();
  const examples: { file: number; row: number; event: RejectedEvent }[] = [];
  let body: ReplayRow[] = [];
  let rows = 0;
  let newestMs = -Infinity;
  const take = (): void => {
    const isRefused = new Set<number>();
    for (const event of log.add(body.map(({ text }) => text))) {
      refused.set(event.code, (refused.get(event.code) ?? 0) + 1);
      isRefused.add(event.index);
      const { file = 0, number = 0 } = body[event.index] ?? {};
      if (examples.length < MOST_DETAILS) examples.push({ file, row: number, event });
    }
    for (const [index, { timeMs }] of body.entries()) {
      if (timeMs !== null && !isRefused.has(index)) newestMs = Math.max(newestMs, timeMs);
    }
    rows += body.length;
    body = [];
    onRead(rows);
  };
  for await (const row of source.rows({ file: 0, rowsDone: 0 }, 0)) {
    body.push(row);
    if (body.length === BODY_ROWS) take();
  }
  take();
  if (newestMs > -Infinity) log.finish(newestMs);
  return { rows, refused, examples };
}
