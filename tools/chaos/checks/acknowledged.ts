import type { LogRecord } from '@tillstream/engine';

const text = new TextDecoder();

/** Events that a client was promised and the raw log does not hold. */
export function lostEvents(
  acknowledged: ReadonlyMap<string, readonly string[]>,
  raw: readonly (readonly LogRecord[])[],
): readonly string[] {
  const inLog = new Set<string>();
  for (const { value } of raw.flat()) {
    for (const [, id = ''] of text.decode(value ?? undefined).matchAll(/"event_id":"([^"]*)"/g)) inLog.add(id);
  }
  return [...acknowledged].flatMap(([way, ids]) =>
    [...new Set(ids)].filter((id) => !inLog.has(id)).map((id) => `acknowledged over ${way} and lost: ${id}`),
  );
}
