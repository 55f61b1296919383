import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { formatProblems, parseStreamFile } from '@tillstream/contracts';

const WRONG = 'libs/contracts/src/stream-file/wrong';
const HELP = `npm run golden -- [--update]

Compares what wrong stream files are told with the texts beside them (${WRONG}/*.txt), and shows which differ: the exit code
is then 1. Tests do the same.

  --update   writes the texts anew; look at what has changed before you commit it
  --help     this text
`;

function main(): number {
  const options = { update: { type: 'boolean', default: false }, help: { type: 'boolean', default: false } } as const;
  const { values } = parseArgs({ options });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const names = readdirSync(WRONG).filter((name) => name.endsWith('.yaml'));
  const changed = names.flatMap((name) => {
    const parsed = parseStreamFile(readFileSync(join(WRONG, name), 'utf8'), { file: name });
    const told = parsed.ok ? '' : `${formatProblems(name, parsed.problems)}\n`;
    const beside = join(WRONG, name.replace(/\.yaml$/, '.txt'));
    if (told === textOf(beside)) return [];
    if (values.update) writeFileSync(beside, told);
    return [`${name}\n${told}`];
  });
  for (const each of changed) process.stdout.write(`${each}\n`);
  const what = values.update ? 'written anew' : 'told something else than stands beside them';
  process.stdout.write(`${names.length} wrong stream files, ${changed.length} ${what}\n`);
  return changed.length === 0 || values.update ? 0 : 1;
}

/** Empty where there is none yet. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

process.exitCode = main();
