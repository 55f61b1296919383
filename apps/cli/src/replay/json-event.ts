/** An event as text, and when it happened by its own account; null: that cannot be read. */
export interface RecordedEvent {
  readonly text: string;
  readonly timeMs: number | null;
}

/** A line of a capture with its place in Kafka. */
const ENVELOPE = /^\s*\{"kafka_offset":\d+,"kafka_timestamp_ms":\d+,"value":(.*)\}\s*$/s;
/** Numbers from here on are milliseconds, below it seconds. */
const MS_FROM = 100_000_000_000;

/** Keeps the digits of a number, as a double would lose some. */
type Reviver = (key: string, value: unknown, context: { readonly source?: string }) => unknown;
declare global {
  interface JSON {
    /** Text that `stringify` writes as it is. */
    rawJSON(text: string): unknown;
  }
}
const keepDigits: Reviver = (_key, value, { source }) =>
  typeof value === 'number' ? JSON.rawJSON(source ?? String(value)) : value;

/**
 * One line as the event it holds: as it is, or what stands in `value` where it is a line of a capture with its place in Kafka.
 * What is no JSON is passed on, for the gateway to refuse with its reason.
 *
 * @param path where the event time is, such as `meta.dt`
 * @param shiftMs added to the time; not zero: the event is written anew, with all its digits
 */
export function recordedEvent(line: string, path: string, shiftMs: number): RecordedEvent {
  const text = ENVELOPE.exec(line)?.[1] ?? line;
  let event: unknown;
  try {
    event = JSON.parse(text);
  } catch {
    return { text, timeMs: null };
  }
  const timeMs = instantOf(valueAt(event, path));
  if (timeMs === null || shiftMs === 0) return { text, timeMs };
  const moved = JSON.parse(text, keepDigits as (key: string, value: unknown) => unknown) as unknown;
  const keys = path.split('.');
  const holder = valueAt(moved, keys.slice(0, -1).join('.')) as Record<string, unknown>;
  holder[keys.at(-1) ?? ''] = new Date(timeMs + shiftMs).toISOString();
  return { text: JSON.stringify(moved), timeMs: timeMs + shiftMs };
}

/** `` is the event itself. */
function valueAt(event: unknown, path: string): unknown {
  let value = event;
  for (const key of path === '' ? [] : path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string, unknown>)[key];
  }
  return value;
}

function instantOf(value: unknown): number | null {
  const number = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
  const timeMs =
    typeof number === 'number'
      ? number * (number < MS_FROM ? 1000 : 1)
      : Date.parse(typeof number === 'string' ? number : '');
  return Number.isFinite(timeMs) ? Math.floor(timeMs) : null;
}
