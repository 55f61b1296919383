import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Platform } from './platform';
import { isEnriched, until } from './platform';

const run = promisify(execFile);
const COMPLETE_WITHIN_MS = 120_000;
const MOST_BYTES = 256 * 1024 * 1024;
const SHOWN_CHARACTERS = 4_000;

/** A result as a plain oracle prints it. */
export interface PlainResult {
  readonly metric: string;
  readonly window_start: string;
  readonly group: Readonly<Record<string, unknown>>;
  readonly measures: Readonly<Record<string, unknown>>;
}

/**
 * Waits until query-api answers every window of every metric, finally, as a plain script computes them from files.
 *
 * @param script one of tools/oracle/*-oracle.mjs
 * @throws Error with the first differences
 */
export async function agreesWith(platform: Platform, script: string, files: readonly string[]): Promise<void> {
  const check = [
    script,
    ...files,
    '--check',
    `127.0.0.1:${platform.service('query-api').grpc}`,
    '--stream',
    platform.stream,
  ];
  let said = '';
  await until('everything to be enriched', COMPLETE_WITHIN_MS, () => isEnriched(platform));
  await until('every window to be final and right', COMPLETE_WITHIN_MS, async () => {
    const outcome = await run(process.execPath, check).then(
      ({ stdout }) => ({ right: true, stdout }),
      (error: { stdout?: string; stderr?: string }) => ({ right: false, stdout: `${error.stdout}${error.stderr}` }),
    );
    said = outcome.stdout;
    return outcome.right;
  }).catch((error: unknown) => {
    throw new Error(`${String(error)}\n${said.slice(0, SHOWN_CHARACTERS)}`);
  });
}

/** Everything that a plain script computes from files. */
export async function plainResults(script: string, files: readonly string[]): Promise<readonly PlainResult[]> {
  const { stdout } = await run(process.execPath, [script, ...files], { maxBuffer: MOST_BYTES });
  const lines = stdout.split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as PlainResult);
}
