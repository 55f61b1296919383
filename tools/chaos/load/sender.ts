import type { NewRecord } from '@tillstream/engine';

/** One way into the platform. */
export interface Sender {
  readonly name: string;
  /**
   * Sends records until it is told that they are in the log, however often that takes.
   * @returns ids of the events that were acknowledged
   * @throws when nobody has answered for longer than any fault lasts
   */
  send(partition: number, records: readonly NewRecord[]): Promise<readonly string[]>;
  close(): Promise<void>;
}

const text = new TextDecoder();

/** Ids of a body's events, by their places; null where there is none. */
export function idsOf(body: NewRecord['value']): (string | null)[] {
  try {
    const parsed = JSON.parse(text.decode(body ?? undefined)) as unknown;
    const events = (Array.isArray(parsed) ? parsed : [parsed]) as { event_id?: string }[];
    return events.map((event) => event.event_id ?? null);
  } catch {
    return []; // broken on purpose
  }
}

/** Ids of those that were not refused. */
export function acceptedIds(body: NewRecord['value'], refused: readonly number[]): string[] {
  return idsOf(body).filter((id, index): id is string => id !== null && !refused.includes(index));
}

/** Tries again, a little later each time, until an attempt does not reject. @throws with the last reason */
export async function untilAnswered<T>(name: string, withinMs: number, attempt: () => Promise<T>): Promise<T> {
  const giveUpMs = performance.now() + withinMs;
  for (let pauseMs = 50; ; pauseMs = Math.min(1_000, 2 * pauseMs)) {
    try {
      return await attempt();
    } catch (cause) {
      if (performance.now() > giveUpMs)
        throw new Error(`${name}: not taken within ${withinMs} ms: ${String(cause)}`, { cause });
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }
}
