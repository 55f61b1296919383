import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

/** Builds what has changed since it was built last. @returns the directory of the services @throws with what is wrong in a source */
export function builtServices(): string {
  execFileSync(process.execPath, ['tools/build/build.mjs'], { stdio: ['ignore', 'ignore', 'inherit'] });
  return join(process.cwd(), 'dist/apps');
}
