import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** CPU-seconds (user and system) that this process spends on `run`, per million of `events`. */
export function cpuPerMillion(events: number, run: () => void): number {
  const before = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / events;
}

/** The least of several runs: what the code costs when nothing else is in its way. */
export function best(runs: number, measure: () => number): number {
  let least = Infinity;
  for (let run = 0; run < runs; run += 1) least = Math.min(least, measure());
  return least;
}

/** The middle one; of an even number the mean of both. @throws RangeError on none */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError('there is no median of nothing');
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low = 0, high = low] = sorted.slice(Math.ceil(middle) - 1, Math.floor(middle) + 1);
  return (low + high) / 2;
}

/** The value that a share of the values do not exceed: 0.99 for the 99th percentile. @throws RangeError on none */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
  if (at === undefined) throw new RangeError('there is no percentile of nothing');
  return at;
}

/** What the process holds once all garbage is gone. */
export function heldBytes(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  collect(); // buffers go after the arrays that they belong to
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
