import type { HoppingSpec, SessionSpec, WindowSpec } from '../metrics/definition';

/**
 * A running total: one window that holds every instant from the epoch on, and that no watermark closes. It is told
 * whenever it has changed, and never final.
 */
export const ALL_TIME: HoppingSpec = { sizeMs: 2 ** 52, hopMs: 2 ** 52 };

export function isTotal(window: WindowSpec): boolean {
  return 'sizeMs' in window && window.sizeMs === ALL_TIME.sizeMs;
}

/** Are events of a group that are near each other one window? */
export function isSession(window: WindowSpec): window is SessionSpec {
  return 'gapMs' in window;
}

/**
 * The lines at which a session may be cut lie so many gaps apart: half of its longest duration. One that has crossed a
 * line without a break is cut at the next one.
 */
export function gapsBetweenCuts({ gapMs, maxDurationMs }: SessionSpec): number {
  return Math.floor(maxDurationMs / gapMs / 2);
}

/** The watermark from which on an event at `timeMs` misses a window (or, of a session, is surely too old for any). */
export function earliestCloseMs(window: WindowSpec, timeMs: number): number {
  if (isSession(window)) return timeMs + window.gapMs + 1;
  return oldestStart(window, timeMs) + window.sizeMs;
}

/** The watermark from which on no window that holds an event at `timeMs`, and no event behind it, is still to be closed. */
export function latestCloseMs(window: WindowSpec, timeMs: number): number {
  if (isTotal(window)) return timeMs;
  if (isSession(window)) return timeMs + window.gapMs + 1;
  return Math.floor(timeMs / window.hopMs) * window.hopMs + window.sizeMs;
}

/** The watermark from which on every window that begins before `startMs` is closed. */
export function closedBeforeMs(window: WindowSpec, startMs: number): number {
  if (isSession(window)) return startMs + lastsMs(window);
  return (Math.ceil(startMs / window.hopMs) - 1) * window.hopMs + window.sizeMs;
}

/** The longest time from the begin of a window to the watermark that closes it; of a total, which none closes, 0. */
export function lastsMs(window: WindowSpec): number {
  if (isTotal(window)) return 0;
  return isSession(window) ? window.maxDurationMs + window.gapMs + 1 : window.sizeMs;
}

/** How long after its newest event a window may still have to be closed. */
export function waitsMs(window: WindowSpec): number {
  if (isTotal(window)) return 0;
  return isSession(window) ? window.gapMs + 1 : window.sizeMs;
}

/** Whoever knows all events from T on knows all windows that begin so much later. */
export function unsureMs(window: WindowSpec): number {
  return isSession(window) ? 2 * window.gapMs : 0;
}

/** To compute the windows from T on as they were computed the first time, events from so much earlier on are needed. */
export function lookbackMs(window: WindowSpec): number {
  return isSession(window) ? window.maxDurationMs + 4 * window.gapMs : 0;
}

/** No window that is still to be closed at a watermark begins before this. */
export function oldestOpenStart(window: WindowSpec, watermarkMs: number): number {
  if (isTotal(window)) return Infinity;
  if (isSession(window)) return watermarkMs - window.maxDurationMs;
  return oldestStart(window, watermarkMs);
}

/** Begin of the oldest window that holds a time. */
function oldestStart({ sizeMs, hopMs }: HoppingSpec, timeMs: number): number {
  return (Math.floor((timeMs - sizeMs) / hopMs) + 1) * hopMs;
}
