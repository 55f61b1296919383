/**
 * Runs a program of this workspace, built first when its sources have changed: `node run-program.mjs apps/cli [arguments…]`.
 * It says nothing itself, so that what the program prints can be piped on.
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { buildPrograms } from './bundle.mjs';
import { refuseSilentEnd } from './silent-end.mjs';

const [directory = '', ...rest] = process.argv.slice(2);
const program = join(fileURLToPath(new URL('../..', import.meta.url)), 'dist', directory, 'main.js');

try {
  await buildPrograms([directory]);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
process.argv = [process.argv[0] ?? '', program, ...rest];
refuseSilentEnd();
// File names on the command line are meant from where it was typed.
process.chdir(process.env['TILLSTREAM_CALLED_FROM'] ?? '.');
process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
process.channel?.unref();
createRequire(import.meta.url)(program);
