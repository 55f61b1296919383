import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { arch, cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { formatProblems, parseStreamFile } from '@tillstream/contracts';
import { uniformEvents } from './events';
import type { Form, LineCosts } from './line';
import { FORMS, measureLine } from './line';
import { measureParts } from './parts';
import type { PartCosts } from './parts';

const HELP = `npm run bench -- [options]

CPU-seconds per million events: of each part in this process, beside JSON.parse of the same bytes, and of the whole line as
real processes on a broker and a Redis of their own, the events in raw already or sent through the gateway. Absolute figures
belong to the machine; compare ratios. Services are built first when their sources have changed.

  --events N    events for the parts (default 200000)
  --line N      events for the whole line (default 500000; 0 leaves it out)
  --write       put the figures into docs/benchmarks.md
  --help        this text
`;

const FILE = 'deploy/streams/commerce.yaml';
const PAGE = 'docs/benchmarks.md';
const FIRST = '<!-- figures: written by npm run bench -- --write -->';
const LAST = '<!-- end of figures -->';

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      events: { type: 'string', default: '200000' },
      line: { type: 'string', default: '500000' },
      write: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  const parsed = parseStreamFile(readFileSync(join(process.cwd(), FILE), 'utf8'), { file: FILE });
  if (!parsed.ok) throw new Error(formatProblems(FILE, parsed.problems));
  const [count, lineCount] = [Number(values.events), Number(values.line)];
  execFileSync(process.execPath, ['tools/build/build.mjs'], { stdio: ['ignore', 'ignore', 'inherit'] });
  say(`making ${Math.max(count, lineCount)} events`);
  const events = uniformEvents(Math.max(count, lineCount));
  say(`measuring the parts on ${count} events`);
  const lines = partLines(measureParts(parsed.definition, events.slice(0, count)), count);
  if (lineCount > 0) lines.push('', ...lineLines(await measureLine(events.slice(0, lineCount), say), lineCount));
  const text = [machine(), '', ...lines].join('\n');
  process.stdout.write(`\n${text}\n`);
  if (values.write) write(text);
}

function partLines(costs: PartCosts, count: number): string[] {
  const row = (part: string, cost: number): string =>
    `| ${part} | ${cost.toFixed(3)} | ${(cost / costs.jsonParse).toFixed(2)} |`;
  return [
    `Parts, in one process, ${count} uniform events of 342 bytes, best of 3:`,
    '',
    '| part | CPU-s per million events | times `JSON.parse` |',
    '| --- | --- | --- |',
    row('floor: `JSON.parse` of the same bytes', costs.jsonParse),
    row('gateway: split bodies of 1,000 events by key, checked', costs.splitBodies),
    row('enricher: raw → columns, one event a record', costs.enrichSingles),
    row('enricher: raw → columns, batched records', costs.enrichBatched),
    row('aggregator: decode batches', costs.decodeBatches),
    row('aggregator: three metrics from columns', costs.aggregate),
    row(`aggregator: encode finals and parts (${costs.finalRows.toFixed(2)} rows an event)`, costs.finals),
    row(`aggregator: encode checkpoints (${costs.checkpointBytes.toFixed(0)} bytes an event)`, costs.checkpoints),
  ];
}

function lineLines(costs: ReadonlyMap<Form, LineCosts>, count: number): string[] {
  const row = (name: string, figure: (costs: LineCosts, form: Form) => string): string =>
    `| ${name} | ${[...costs].map(([form, cost]) => figure(cost, form)).join(' | ')} |`;
  const perMillion = (cpuSeconds: number): string => ((cpuSeconds / count) * 1e6).toFixed(2);
  const gatewayOnly = (cost: string, form: Form): string => (form === 'through the gateway' ? cost : '–');
  return [
    `The whole line, ${count} events, CPU-s per million events of each process:`,
    '',
    `| process | ${FORMS.join(' | ')} |`,
    `| --- | ${FORMS.map(() => '---').join(' | ')} |`,
    row('gateway', ({ cpu }, form) => gatewayOnly(perMillion(cpu.gateway), form)),
    row('enricher', ({ cpu }) => perMillion(cpu.enricher)),
    row('aggregator', ({ cpu }) => perMillion(cpu.aggregator)),
    row('broker', ({ cpu }) => perMillion(cpu.broker)),
    row('Redis', ({ cpu }) => perMillion(cpu.redis)),
    row('seconds until the last result', ({ wallSeconds }) => wallSeconds.toFixed(1)),
    row('peak MiB of the gateway', ({ peakMiB }, form) => gatewayOnly(peakMiB.gateway.toFixed(0), form)),
    row('peak MiB of the enricher', ({ peakMiB }) => peakMiB.enricher.toFixed(0)),
    row('peak MiB of the aggregator', ({ peakMiB }) => peakMiB.aggregator.toFixed(0)),
  ];
}

function machine(): string {
  const [cpu] = cpus();
  const memory = Math.round(totalmem() / 2 ** 30);
  return `Machine: ${cpus().length} × ${cpu?.model ?? arch()}, ${memory} GiB, Node ${process.version}.`;
}

function write(text: string): void {
  const page = join(process.cwd(), PAGE);
  const before = readFileSync(page, 'utf8');
  const [head, tail] = [before.indexOf(FIRST), before.indexOf(LAST)];
  if (head < 0 || tail < 0) throw new Error(`${PAGE} has lost the comments between which the figures stand`);
  writeFileSync(page, `${before.slice(0, head + FIRST.length)}\n\n${text}\n\n${before.slice(tail)}`);
  say(`wrote ${PAGE}`);
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exitCode = 1;
});
