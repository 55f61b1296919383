import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { arch, cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { loadAverage } from '../rig/process-figures';

const PAGE = 'docs/benchmarks.md';

/** Puts figures between the two comments that bear their name. @throws Error when the page has lost them */
export function writeFigures(name: string, text: string): void {
  const page = join(process.cwd(), PAGE);
  const before = readFileSync(page, 'utf8');
  const [first, last] = [`<!-- figures: ${name} -->`, `<!-- end of ${name} -->`];
  const [head, tail] = [before.indexOf(first), before.indexOf(last)];
  if (head < 0 || tail < head) throw new Error(`${PAGE} has lost the comments ${first} and ${last}`);
  writeFileSync(page, `${before.slice(0, head + first.length)}\n\n${text}\n\n${before.slice(tail)}`);
  execFileSync(process.execPath, ['node_modules/prettier/bin/prettier.cjs', '--log-level', 'warn', '--write', PAGE]);
}

/** Where and when figures were taken. @param command what a reader types to take them again */
export function provenance(command: string, loadBefore: number): string {
  const [cpu] = cpus();
  const memory = Math.round(totalmem() / 2 ** 30);
  const machine = `${cpus().length} × ${cpu?.model ?? arch()}, ${memory} GiB, Node ${process.version}`;
  const load = `load average ${loadBefore.toFixed(1)} before and ${loadAverage().toFixed(1)} after`;
  return `\`${command}\` on ${machine}; ${load}.`;
}
