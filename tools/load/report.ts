import type { Usage } from './gauges';

/** What a scenario found: figures for people, and what is wrong, which makes the run fail. */
export class Report {
  readonly problems: string[] = [];

  constructor(readonly scenario: string) {
    say(`\n== ${scenario}`);
  }

  /** A figure, with its name. */
  figure(name: string, value: string): void {
    say(`  ${name}: ${value}`);
  }

  /** Something that must hold; says so either way. */
  check(what: string, holds: boolean, otherwise = ''): void {
    say(`  ${holds ? 'ok  ' : 'FAIL'} ${what}${holds || otherwise === '' ? '' : `: ${otherwise}`}`);
    if (!holds) this.problems.push(`${this.scenario}: ${what}${otherwise === '' ? '' : `: ${otherwise}`}`);
  }

  /** Every difference is a problem. */
  checkNone(what: string, differences: readonly string[]): void {
    this.check(what, differences.length === 0, differences.join('\n       '));
  }

  /** Memory and CPU of the processes. */
  usage(title: string, rows: readonly Usage[]): void {
    const lines = rows.map(({ name, firstMiB, peakMiB, lastMiB, cpuSeconds }) => [
      name,
      firstMiB.toFixed(0),
      peakMiB.toFixed(0),
      lastMiB.toFixed(0),
      cpuSeconds.toFixed(1),
    ]);
    table(title, ['process', 'MiB before', 'MiB peak', 'MiB after', 'CPU s'], lines);
  }

  /** Rows of figures under a title, as a table for a page. */
  table(title: string, head: readonly string[], lines: readonly (readonly string[])[]): void {
    table(title, head, lines);
  }
}

/** p50, p99 and the largest of some times. */
export function quantiles(times: readonly number[]): string {
  if (times.length === 0) return 'none';
  const sorted = [...times].sort((a, b) => a - b);
  const at = (share: number): string => `${(sorted[Math.floor(share * (sorted.length - 1))] ?? 0).toFixed(0)} ms`;
  return `p50 ${at(0.5)}, p99 ${at(0.99)}, max ${at(1)} (${times.length})`;
}

export function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

function table(title: string, head: readonly string[], lines: readonly (readonly string[])[]): void {
  const line = (cells: readonly string[]): string => `  | ${cells.join(' | ')} |`;
  say(`  ${title}`);
  say(line(head));
  say(line(head.map(() => '---')));
  for (const cells of lines) say(line(cells));
}
