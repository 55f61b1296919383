import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import * as prettier from 'prettier';
import { copy, differing } from './copies';
import { withValuesTable } from './values-table';

const HELP = `npm run chart -- [--update]

Compares what the Helm chart holds twice: the alerts and dashboards of deploy/ with their copies in the chart, and values.yaml with
the table of its README. The exit code is 1 when something differs. Tests do the same.

  --update   copies and writes the table
  --help     this text
`;

const PAGE = 'helm/tillstream/README.md';

async function main(): Promise<number> {
  const options = { update: { type: 'boolean', default: false }, help: { type: 'boolean', default: false } } as const;
  const { values } = parseArgs({ options });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const copies = differing('.');
  if (values.update) for (const one of copies) copy('.', one);
  const changed = copies.map(({ to }) => to);
  const page = readFileSync(PAGE, 'utf8');
  const written = await pageOf(page);
  if (written !== page) {
    if (values.update) writeFileSync(PAGE, written);
    changed.push(PAGE);
  }
  const what = values.update ? 'written anew' : 'not as it must be: npm run chart -- --update';
  for (const path of changed) process.stdout.write(`${path}: ${what}\n`);
  return changed.length === 0 || values.update ? 0 : 1;
}

async function pageOf(page: string): Promise<string> {
  const text = withValuesTable(page, readFileSync('helm/tillstream/values.yaml', 'utf8'));
  const settings = await prettier.resolveConfig(PAGE);
  return prettier.format(text, { ...settings, parser: 'markdown' });
}

void main().then((code) => {
  process.exitCode = code;
});
