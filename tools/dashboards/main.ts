import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { DASHBOARDS, DASHBOARDS_DIRECTORY } from './all';
import { toGrafana } from './dashboard';

const HELP = `npm run dashboards

Writes the dashboards of tools/dashboards as Grafana imports them, to ${DASHBOARDS_DIRECTORY}. A test compares both.
`;

function main(): number {
  const { values } = parseArgs({ options: { help: { type: 'boolean', default: false } } });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  mkdirSync(DASHBOARDS_DIRECTORY, { recursive: true });
  for (const [name, dashboard] of Object.entries(DASHBOARDS)) {
    writeFileSync(join(DASHBOARDS_DIRECTORY, name), `${JSON.stringify(toGrafana(dashboard), null, 2)}\n`);
  }
  process.stdout.write(`${Object.keys(DASHBOARDS).length} dashboards written to ${DASHBOARDS_DIRECTORY}\n`);
  return 0;
}

process.exitCode = main();
