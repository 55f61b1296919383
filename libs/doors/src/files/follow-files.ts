import { readFile } from 'node:fs/promises';

export interface FileFollower {
  /** Takes what the files hold now. @throws Error when it cannot be used: what was taken before stays in force */
  take(contents: readonly Buffer[]): void;
  /** What stands in the files now is not to be read or to be used; told once for each new content. */
  onProblem(error: unknown): void;
}

/** Small files are compared by what they hold: secrets of a cluster are changed by a link, whose times say nothing. */
const LOOK_EVERY_MS = 1_000;

/**
 * Takes files anew whenever their content changes, all together. Content counts when two looks have found the same: one look
 * may come upon files that are being written, and half a list of keys is a list of keys.
 *
 * @param known what was taken at first
 * @returns ends it
 */
export function followFiles(
  paths: readonly string[],
  known: readonly Buffer[],
  follower: FileFollower,
  everyMs = LOOK_EVERY_MS,
): () => void {
  let settled = stateOf({ contents: known });
  let seen = settled;
  let looking = false;
  const look = async (): Promise<void> => {
    const found = await readAll(paths);
    const state = stateOf(found);
    const isStill = state === seen;
    seen = state;
    if (!isStill || state === settled) return;
    settled = state;
    try {
      follower.take(contentsOf(found));
    } catch (error) {
      follower.onProblem(error);
    }
  };
  const timer = setInterval(() => {
    if (looking) return;
    looking = true;
    void look().finally(() => (looking = false));
  }, everyMs);
  timer.unref();
  return () => clearInterval(timer);
}

/** What was found, or why nothing was. */
type Found = { readonly contents: readonly Buffer[] } | { readonly problem: unknown };

async function readAll(paths: readonly string[]): Promise<Found> {
  try {
    return { contents: await Promise.all(paths.map((path) => readFile(path))) };
  } catch (problem) {
    return { problem };
  }
}

function contentsOf(found: Found): readonly Buffer[] {
  if ('problem' in found) throw found.problem;
  return found.contents;
}

function stateOf(found: Found): string {
  return 'problem' in found ? String(found.problem) : found.contents.map((bytes) => bytes.toString('base64')).join(' ');
}
