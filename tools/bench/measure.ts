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
