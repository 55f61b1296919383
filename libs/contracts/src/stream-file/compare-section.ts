import { comparableType, isSession, isTotal } from '@tillstream/core';
import type { ComparedWindow, HoppingSpec } from '@tillstream/core';
import type { Value } from './document';
import { formatDuration, parseDuration } from './duration';
import type { MetricMeaning } from './identity';

/** The newest window that shares no event with the one that is compared. */
export const PREVIOUS = 'previous';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const MAX_LAG_MS = 31 * DAY_MS;
const MAX_COMPARED = 8;
const FORMS = `write ${PREVIOUS}, or how much earlier the other window began, such as 1h, 1d or 7d`;

/** Reads `compare: previous` or `compare: [previous, 1d]`; null where there is none, or after its problems were reported. */
export function readCompare(
  value: Value | null,
  { window, measures, outOfOrdernessMs }: MetricMeaning,
  retentionMs: number,
): readonly ComparedWindow[] | null {
  if (value === null) return null;
  const items = value.isList ? value.list() : [value];
  if (items === null) return null;
  if (isSession(window)) {
    return value.problem('sessions begin when their events do: none begins so much earlier than another');
  }
  if (items.length === 0) return value.problem(`compares with nothing: ${FORMS}`);
  if (items.length > MAX_COMPARED) return value.problem(`compares with at most ${MAX_COMPARED} windows`);
  if (!measures.some((measure) => comparableType(measure) !== null)) {
    return value.problem('there is nothing to compare: no measure of this metric is a number');
  }
  if (isTotal(window)) return value.problem('a running total is one window: there is no earlier one');
  const compared: ComparedWindow[] = [];
  for (const item of items) {
    const name = item.text();
    const lagMs = name === null ? null : readLag(name, window, (message) => item.problem(message));
    if (name === null || lagMs === null) continue;
    if (compared.some((other) => other.lagMs === lagMs)) item.problem(`${name} is given twice`);
    const expired = refuseExpired(name, lagMs + window.sizeMs + outOfOrdernessMs, retentionMs);
    if (expired !== null) item.problem(expired);
    compared.push({ name, lagMs });
  }
  return compared;
}

/** How much earlier a window begins that is called `previous`, `1h` or `1d`; null after a problem was reported. */
export function readLag(
  name: string,
  { sizeMs, hopMs }: HoppingSpec,
  report: (message: string) => null,
): number | null {
  if (name === PREVIOUS) return Math.ceil(sizeMs / hopMs) * hopMs;
  const lagMs = parseDuration(name);
  if (lagMs === null) return report(`there is no window ${name}: ${FORMS}`);
  if (lagMs === 0 || lagMs > MAX_LAG_MS) return report('must be more than 0 and at most 31d');
  if (lagMs % hopMs === 0) return lagMs;
  return report(`no window began ${name} before another: one begins every ${formatDuration(hopMs)}`);
}

/** Why results cannot be looked back at as far as is needed; null where they can. */
export function refuseExpired(name: string, neededMs: number, retentionMs: number): string | null {
  if (neededMs <= retentionMs) return null;
  const hours = formatDuration(Math.ceil(neededMs / HOUR_MS) * HOUR_MS);
  return `${name} needs results to be kept for ${hours}, they are for ${formatDuration(retentionMs)}: write retention: { metrics: ${hours} }`;
}
