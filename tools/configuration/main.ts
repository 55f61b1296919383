import { readFileSync, writeFileSync } from 'node:fs';
import { format } from 'prettier';
import { withVariables } from './configuration-page';
import { SERVICES } from './services';

const PAGE = 'docs/configuration.md';

/** Writes what the services say of their variables into the page about them. */
async function main(): Promise<void> {
  const page = withVariables(readFileSync(PAGE, 'utf8'), SERVICES);
  writeFileSync(PAGE, await format(page, { parser: 'markdown', printWidth: 120 }));
}

void main().then(() => {
  process.exitCode = 0; // it has come to its end
});
