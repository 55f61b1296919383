import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { skewChart } from './chart';
import { measuredCosts } from './costs';
import { COUNTS, demandTable, skewLines, skewTable } from './report';

const HELP = `node tools/bootstrap/run.mjs scale [options]

What a rate of events asks for: partitions, replicas, cores, what goes to Kafka and to Redis. Costs are those that the bench has
written into docs/benchmarks.md; how uneven partitions are is computed with the hash that decides where an event goes.

  --rate N      events a second, may be repeated (default 10000, 100000, 1000000 and 10000000)
  --keys N      users of the stream (default 1000000)
  --write       put the tables into docs/scaling.md, and the picture beside it
  --help        this text
`;
const PAGE = 'docs/scaling.md';
const PICTURE = 'docs/key-skew.svg';
const RATES = ['10000', '100000', '1000000', '10000000'];

function main(): void {
  const { values } = parseArgs({
    options: {
      rate: { type: 'string', multiple: true, default: RATES },
      keys: { type: 'string', default: '1000000' },
      write: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  const rates = values.rate.map(wholeNumber('--rate'));
  const keys = wholeNumber('--keys')(values.keys);
  const costs = measuredCosts();
  const lines = skewLines(keys);
  const sections = {
    demand: [false, true].map((withVisits) => demandTable(rates, keys, costs, withVisits)).join('\n\n'),
    skew: skewTable(keys, lines),
  };
  process.stdout.write(`${Object.values(sections).join('\n\n')}\n`);
  if (!values.write) return;
  const page = Object.entries(sections).reduce(
    (text, [name, figures]) => withFigures(text, name, figures),
    readFileSync(PAGE, 'utf8'),
  );
  writeFileSync(PAGE, page);
  writeFileSync(
    PICTURE,
    skewChart(`Fullest partition, as a multiple of the mean; ${keys.toLocaleString('en-US')} keys`, COUNTS, lines),
  );
  execFileSync(process.execPath, ['node_modules/prettier/bin/prettier.cjs', '--log-level', 'warn', '--write', PAGE]);
}

const wholeNumber =
  (name: string) =>
  (text: string): number => {
    if (/^[1-9]\d{0,11}$/.test(text)) return Number(text);
    throw new Error(`${name} must be a whole number of at least 1, not ${JSON.stringify(text)}`);
  };

/** Puts figures between the two comments that bear their name. */
function withFigures(page: string, name: string, figures: string): string {
  const [first, last] = [`<!-- figures: ${name} -->`, `<!-- end of ${name} -->`];
  const [head, tail] = [page.indexOf(first), page.indexOf(last)];
  if (head < 0 || tail < head) throw new Error(`${PAGE} has lost the comments ${first} and ${last}`);
  return `${page.slice(0, head + first.length)}\n\n${figures}\n\n${page.slice(tail)}`;
}

try {
  main();
  process.exitCode = 0;
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
