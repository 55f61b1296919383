import { formatDuration, fromTimestamp, type MetricMessage } from '@tillstream/contracts';
import type { WindowSpec } from '@tillstream/core';

/** What the windows of a metric are: `5m every 1m`. */
export function windowText({ windowSize, windowHop, sessionGap, runningTotal }: MetricMessage): string {
  if (runningTotal) return 'running total';
  if (sessionGap) return `sessions, ${durationText(sessionGap)} apart`;
  const [size, hop] = [durationText(windowSize), durationText(windowHop)];
  return size === hop ? size : `${size} every ${hop}`;
}

const durationText = (duration: MetricMessage['windowSize']): string =>
  duration === null ? '?' : formatDuration(fromTimestamp(duration));

/** The same for a metric of a stream file. */
export function windowSpecText(window: WindowSpec): string {
  if ('gapMs' in window) return `sessions, ${formatDuration(window.gapMs)} apart`;
  const { sizeMs, hopMs } = window;
  return sizeMs === hopMs ? formatDuration(sizeMs) : `${formatDuration(sizeMs)} every ${formatDuration(hopMs)}`;
}
