import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startOpenSearch } from '@tillstream/local';

/** A server for the tests of a file. */
export interface StoreForTests {
  readonly address: string;
  /** Only of a server that was started for the tests. */
  readonly own: Awaited<ReturnType<typeof startOpenSearch>> | null;
  stop(): Promise<void>;
}

/**
 * The server that OPENSEARCH_URL names, or one that is started; null where none is to be had, and says so. In CI it must be had.
 *
 * @param own even if the environment names a server: the test stops it or changes its settings
 */
export async function openSearchForTests({ own = false, settings = {} } = {}): Promise<StoreForTests | null> {
  const address = process.env['OPENSEARCH_URL'];
  if (!own && address !== undefined && address !== '') return { address, own: null, stop: async () => undefined };
  const dataDir = mkdtempSync(join(tmpdir(), 'tillstream-opensearch-'));
  try {
    const server = await startOpenSearch({ dataDir, settings });
    const stop = async (): Promise<void> => {
      await server.kill();
      rmSync(dataDir, { recursive: true, force: true });
    };
    return { address: server.address, own: server, stop };
  } catch (error) {
    rmSync(dataDir, { recursive: true, force: true });
    if (process.env['CI'] !== undefined) throw error;
    process.stderr.write(`skipped: ${(error as Error).message}\n`);
    return null;
  }
}

/** Before the names of everything that one test makes. */
export function aPrefix(): string {
  return `test-${randomBytes(6).toString('hex')}`;
}

/** A document as it is found. */
export interface FoundDocument {
  readonly _index: string;
  readonly _id: string;
  readonly _version: number;
  readonly _source: Readonly<Record<string, unknown>>;
}

/** Asks a store as any other program does. */
export async function ask(address: string, method: string, path: string, body?: object): Promise<unknown> {
  const answer = await fetch(`${address}${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  return answer.json();
}

/** Everything in the indexes of a pattern. */
export async function documentsIn(address: string, pattern: string): Promise<readonly FoundDocument[]> {
  await ask(address, 'POST', `/${pattern}/_refresh`);
  const found = await ask(address, 'POST', `/${pattern}/_search?version=true`, { size: 10_000 });
  return (found as { readonly hits?: { readonly hits: readonly FoundDocument[] } }).hits?.hits ?? [];
}

/** Removes what a test has made. */
export async function removeAll(address: string, prefix: string): Promise<void> {
  const indexes = (await ask(address, 'GET', `/${prefix}-*/_alias`)) as Readonly<Record<string, unknown>>;
  for (const index of Object.keys(indexes)) await ask(address, 'DELETE', `/${index}`);
  await ask(address, 'DELETE', `/_index_template/${prefix}-*`);
}
