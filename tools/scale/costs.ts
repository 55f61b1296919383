import { readFileSync } from 'node:fs';

const PAGE = 'docs/benchmarks.md';

/** What an event has been measured to cost, in CPU-seconds per million events, and what a process has held at most. */
export interface Costs {
  readonly gateway: number;
  readonly enricher: number;
  readonly aggregator: number;
  readonly tracker: number;
  readonly broker: number;
  readonly redis: number;
  readonly mib: { readonly gateway: number; readonly enricher: number; readonly aggregator: number };
  /** Bytes of an event as JSON. */
  readonly eventBytes: number;
  /** Bytes of checkpoints an event makes: of windows, and of sessions and views when each user has few events. */
  readonly windowBytes: number;
  readonly visitBytes: number;
}

/** Reads them from the page that the bench writes. @throws Error naming the figure that is not there */
export function measuredCosts(page = readFileSync(PAGE, 'utf8')): Costs {
  const find = (what: string, pattern: RegExp): number => {
    const found = pattern.exec(page)?.[1];
    if (found === undefined) throw new Error(`${PAGE} does not say what ${what}: ${String(pattern)}`);
    return Number(found);
  };
  /** Of the whole line, through the gateway: the last column. */
  const line = (process: string): number =>
    find(`the ${process} costs`, new RegExp(`^\\| ${process} +\\| [^|]+ \\| [^|]+ \\| ([\\d.]+) +\\|$`, 'm'));
  return {
    gateway: line('gateway'),
    enricher: line('enricher'),
    aggregator: line('aggregator'),
    tracker: find('sessions cost', /^\| … and saved every 8,192 events +\| ([\d.]+) +\| [\d.]+ +\|$/m),
    broker: line('broker'),
    redis: line('Redis'),
    mib: {
      gateway: line('peak MiB of the gateway'),
      enricher: line('peak MiB of the enricher'),
      aggregator: line('peak MiB of the aggregator'),
    },
    eventBytes: find('an event is long', /events of (\d+) bytes/),
    windowBytes: find('checkpoints take', /encode checkpoints \((\d+) bytes an event\)/),
    visitBytes: find('sessions are saved in', /saved every 8,192 events +\| [\d.]+ \([^)]*\) +\| (\d+) +\|/),
  };
}
