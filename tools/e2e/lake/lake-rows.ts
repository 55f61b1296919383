import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Feed } from '@tillstream/contracts';
import type { Platform } from '../platform';
import { isEnriched, until } from '../platform';
import { till } from '../till';

const run = promisify(execFile);
const MOST_BYTES = 256 * 1024 * 1024;
const STORED_WITHIN_MS = 120_000;
const READER = join(__dirname, 'read-lake.py');
const SOURCE = 'tools/oracle/source-rows.mjs';

/** Libraries that have nothing to do with the platform. */
export const LIBRARIES = ['duckdb', 'pyarrow', 'deltalake'] as const;
export type Library = (typeof LIBRARIES)[number];

type Row = Readonly<Record<string, unknown>>;

/** A stream file whose lake writes files every second. */
export function withQuickLake(streamFile: string): string {
  const quick = 'roll: { every: 1s }';
  const declared = /^lake: \{ (.*) \}$/m;
  return declared.test(streamFile)
    ? streamFile.replace(declared, `lake: { $1, ${quick} }`)
    : `${streamFile}\nlake: { ${quick} }\n`;
}

/** The rows of a table of the lake as somebody else's library reads them, or what a query over them gives (`duckdb` alone). */
export async function lakeRows(
  python: string,
  platform: Platform,
  library: Library,
  feed: Feed,
  sql?: string,
): Promise<Row[]> {
  const table = join(platform.lake, platform.stream, feed);
  const args = [READER, library, table, ...(sql === undefined ? [] : [sql])];
  const { stdout } = await run(python, args, { maxBuffer: MOST_BYTES });
  return parsedLines(stdout);
}

/** The rows of events that recorded files hold, as a plain script reads them. */
export async function sourceRows(kind: 'commerce' | 'wikimedia', files: readonly string[]): Promise<Row[]> {
  const { stdout } = await run(process.execPath, [SOURCE, kind, ...files], { maxBuffer: MOST_BYTES });
  return parsedLines(stdout);
}

/** Rows as sorted lines of their declared fields, to be compared whatever the order of rows and columns is. */
export function linesOf({ definition }: Platform, rows: readonly Row[]): string[] {
  const fields = definition.schema.fields.map(({ name }) => name);
  return rows.map((row) => JSON.stringify(fields.map((name) => row[name] ?? null))).sort();
}

/** What `till verify --lake` says of each feed. */
export type LakeReports = Readonly<
  Record<
    string,
    { readonly compared: number; readonly equal: number; readonly awaited: number; readonly expired: number }
  >
>;

/** Waits until the lake has all that the log has, and gives what was compared. @throws with what differs */
export async function lakeAgrees(platform: Platform): Promise<LakeReports> {
  let reports: LakeReports = {};
  await until('everything to be enriched', STORED_WITHIN_MS, () => isEnriched(platform));
  await until('the lake to have everything', STORED_WITHIN_MS, async () => {
    const { code, stdout, stderr } = await till(platform, 'verify', '--lake', '--json');
    if (code !== 0) throw new Error(`${stderr}\n${stdout}`);
    reports = JSON.parse(stdout) as LakeReports;
    return Object.values(reports).length > 0 && Object.values(reports).every(({ awaited }) => awaited === 0);
  });
  return reports;
}

/** Rows of text that is JSON, one a line. */
export function parsedLines(text: string): Row[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Row);
}
