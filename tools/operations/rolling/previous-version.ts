import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

/** The last commit before services stopped in order within seconds. A release that has a tag is preferred to it. */
const PREVIOUS = '928e35c7c0e5f8cf209b62981523796f79c75ae1';

/** The sources of the version before this one, with the packages of this one, and its services built. */
export interface PreviousVersion {
  readonly commit: string;
  readonly root: string;
  /** Directory of the built services. */
  readonly programs: string;
}

/**
 * In `dist/previous`, from where it finds the packages of this version: none that it needs has gone since.
 *
 * @returns null where the history is not at hand: in a shallow clone, or without git
 */
export function previousVersion(): PreviousVersion | null {
  const commit = lastTag() ?? known(PREVIOUS);
  if (commit === null) return null;
  const root = join(process.cwd(), 'dist/previous', commit);
  if (!existsSync(join(root, 'package.json'))) {
    mkdirSync(root, { recursive: true });
    execFileSync('sh', ['-c', 'git archive "$1" | tar -x -C "$2"', 'sh', commit, root]);
  }
  // What has been built before is left alone.
  execFileSync(process.execPath, ['tools/build/build.mjs'], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
  return { commit, root, programs: join(root, 'dist/apps') };
}

function lastTag(): string | null {
  const tag = git('describe', '--tags', '--abbrev=0', 'HEAD^');
  return tag === null ? null : known(tag);
}

/** Its full name; null when it is not in this clone. */
function known(revision: string): string | null {
  return git('rev-parse', '--verify', '--quiet', `${revision}^{commit}`);
}

function git(...args: readonly string[]): string | null {
  try {
    return execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return null;
  }
}
