import type { SimulationReport } from './run';

/** What all lives of a run went through together. */
export class Tally {
  lives = 0;
  private steps = 0;
  private rawRecords = 0;
  private simulatedMs = 0;
  private readonly faults = new Map<string, number>();

  add({ faults, steps, rawRecords, simulatedMs }: SimulationReport): void {
    this.lives += 1;
    this.steps += steps;
    this.rawRecords += rawRecords;
    this.simulatedMs += simulatedMs;
    for (const [fault, times] of Object.entries(faults)) this.faults.set(fault, (this.faults.get(fault) ?? 0) + times);
  }

  /** @param seconds of wall time, and of processor time */
  pace(seconds: number, cpuSeconds: number): string {
    return `${(this.lives / seconds).toFixed(1)} a second, ${(this.lives / cpuSeconds).toFixed(1)} a CPU-second`;
  }

  /** One line for what was done, then one for each kind of fault, the most frequent first. */
  report(): string {
    const hours = Math.round(this.simulatedMs / 3_600_000);
    const injected = [...this.faults.values()].reduce((sum, times) => sum + times, 0);
    const kinds = [...this.faults].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
    return [
      `${this.rawRecords} raw records, ${this.steps} steps, ${hours} simulated hours, ${injected} faults of ${kinds.length} kinds:`,
      ...kinds.map(([fault, times]) => `${String(times).padStart(9)}  ${fault}`),
    ].join('\n');
  }
}
