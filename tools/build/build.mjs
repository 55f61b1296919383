import { argv } from 'node:process';
import { fileURLToPath } from 'node:url';

import { buildPrograms, programs } from './bundle.mjs';

const HELP = `Builds the services and the command line into dist/.

  npm run build [-- APP…]      default: all of them

What has not changed since it was built is left alone.
`;

if (argv[1] === fileURLToPath(import.meta.url)) {
  const wanted = argv.slice(2);
  if (wanted.includes('--help') || wanted.includes('-h')) {
    process.stdout.write(HELP);
  } else {
    const apps = programs('apps');
    const unknown = wanted.filter((app) => !apps.includes(`apps/${app}`));
    if (unknown.length > 0) {
      process.stderr.write(`There is no app ${unknown.join(', ')}. There are: ${apps.join(', ')}\n`);
      process.exitCode = 1;
    } else {
      const started = performance.now();
      const built = await buildPrograms(wanted.length > 0 ? wanted.map((app) => `apps/${app}`) : apps);
      const what = built.length > 0 ? `Built ${built.join(', ')}` : 'Nothing to build';
      process.stdout.write(`${what} (${((performance.now() - started) / 1000).toFixed(1)} s)\n`);
    }
  }
}
