import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { isOnPath, run } from './command.mjs';

const INSTALLED = '/usr/lib/jvm';

/**
 * A Java that is new enough: the one of JAVA_HOME, else the one on the PATH, else any that the system has installed beside it.
 *
 * @param {{ atLeast: number, compiler?: boolean }} need with `compiler` one that has a `javac` beside it
 * @returns {Promise<string>} the command
 * @throws {Error} when there is none
 */
export async function javaCommand({ atLeast, compiler = false }) {
  const home = process.env['JAVA_HOME'];
  const candidates = [
    ...(home ? [join(home, 'bin', 'java')] : []),
    ...(isOnPath('java') ? ['java'] : []),
    ...installed(),
  ];
  for (const java of candidates) {
    const { code, output } = await run(java, ['-version']);
    const version = /version "(\d+)/.exec(output)?.[1];
    if (code !== 0 || !(Number(version) >= atLeast)) continue;
    if (!compiler || (await run(compilerBeside(java), ['-version'])).code === 0) return java;
  }
  const what = compiler ? 'JDK' : 'Java';
  throw new Error(`there is no ${what} of version ${atLeast} or newer in JAVA_HOME, on the PATH or in ${INSTALLED}`);
}

/** @param {string} java what `javaCommand` gave */
export function compilerBeside(java) {
  return java === 'java' ? 'javac' : join(dirname(java), 'javac');
}

function installed() {
  if (!existsSync(INSTALLED)) return [];
  return readdirSync(INSTALLED)
    .map((name) => join(INSTALLED, name, 'bin', 'java'))
    .filter((java) => existsSync(java));
}
