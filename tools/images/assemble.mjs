/**
 * Puts together what images hold. See HELP. Runs before anything is installed, so it needs Node alone.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { packagesOfProgram, programs } from '../build/bundle.mjs';
import { packageSet } from './package-set.mjs';

const HELP = `Puts together what images hold.

  node tools/images/assemble.mjs --apps --into DIR           of each app, in a directory of its name: the built program, the
                                                             packages it loads and their bill of materials
  node tools/images/assemble.mjs --package NAME --into DIR   a package in node_modules, with all that it needs
`;
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const NPM = ['ci', '--no-audit', '--no-fund', '--loglevel=error'];

const { values } = parseArgs({
  options: {
    apps: { type: 'boolean', default: false },
    package: { type: 'string', multiple: true, default: [] },
    into: { type: 'string' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

if (values.help || values.into === undefined || values.apps === values.package.length > 0) {
  process.stdout.write(HELP);
  process.exitCode = values.help ? 0 : 1;
} else {
  const into = resolve(values.into);
  if (!values.apps) install('tillstream-tools', values.package, into);
  else for (const app of programs('apps')) await assemble(basename(app), join(into, basename(app)));
}

/**
 * @param {string} app
 * @param {string} into
 */
async function assemble(app, into) {
  install(`tillstream-${app}`, await packagesOfProgram(`apps/${app}`), into);
  writeFileSync(join(into, 'sbom.cdx.json'), billOfMaterials(`tillstream-${app}`, into));
  for (const file of ['main.js', 'program.js', 'program.js.map']) {
    cpSync(join(ROOT, 'dist/apps', app, file), join(into, 'dist/apps', app, file));
  }
  cpSync(join(ROOT, 'dist/proto'), join(into, 'dist/proto'), { recursive: true });
  // A program by itself, for `docker exec` and `kubectl exec`: there is no shell that could call Node.
  const main = `#!/nodejs/bin/node\n'use strict';\nrequire('./dist/apps/${app}/main.js');\n`;
  writeFileSync(join(into, 'main.js'), main, { mode: 0o755 });
  cpSync(join(ROOT, 'tools/images/healthy.mjs'), join(into, 'healthy.mjs'));
}

/**
 * What stands in node_modules, each package with its version, licence and hash.
 *
 * @param {string} name
 * @param {string} directory
 */
function billOfMaterials(name, directory) {
  const bill = JSON.parse(npm(['sbom', '--sbom-format', 'cyclonedx', '--sbom-type', 'application'], directory));
  bill.metadata.component.name = name; // npm takes that of the directory
  return `${JSON.stringify(bill, null, 2)}\n`;
}

/**
 * @param {string} name
 * @param {string[]} packages
 * @param {string} into
 */
function install(name, packages, into) {
  const { version, license } = readJson('package.json');
  const { manifest, lock } = packageSet(readJson('package-lock.json'), packages, { name, version, license });
  mkdirSync(into, { recursive: true });
  writeFileSync(join(into, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  writeFileSync(join(into, 'package-lock.json'), `${JSON.stringify(lock, null, 2)}\n`);
  npm(NPM, into);
}

/**
 * @param {string[]} args
 * @param {string} cwd
 * @returns {string} what it prints
 */
function npm(args, cwd) {
  const { status, stdout, error } = spawnSync('npm', args, {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (status === 0) return stdout;
  throw new Error(`npm ${args[0]} failed in ${cwd}${error ? `: ${error.message}` : ''}`);
}

/** @param {string} file */
function readJson(file) {
  return JSON.parse(readFileSync(join(ROOT, file), 'utf8'));
}
