import { formatDuration, fromTimestamp, type MetricMessage } from '@tillstream/contracts';
import { ALL_TIME, type HoppingSpec, isTotal, type SessionSpec } from '@tillstream/core';

/** What the windows of a metric are: `5m every 1m`. */
export function windowText(window: HoppingSpec | Pick<SessionSpec, 'gapMs'>): string {
  if ('gapMs' in window) return `sessions, ${formatDuration(window.gapMs)} apart`;
  if (isTotal(window)) return 'running total';
  const [size, hop] = [formatDuration(window.sizeMs), formatDuration(window.hopMs)];
  return size === hop ? size : `${size} every ${hop}`;
}

/** The same for a metric as a query-api describes it. */
export function windowTextOf({ windowSize, windowHop, sessionGap, runningTotal }: MetricMessage): string {
  if (runningTotal) return windowText(ALL_TIME);
  if (sessionGap) return windowText({ gapMs: fromTimestamp(sessionGap) });
  if (!windowSize || !windowHop) return '?';
  return windowText({ sizeMs: fromTimestamp(windowSize), hopMs: fromTimestamp(windowHop) });
}
