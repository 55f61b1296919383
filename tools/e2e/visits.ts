import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Platform } from './platform';
import { isEnriched, until } from './platform';
import { till } from './till';

const run = promisify(execFile);
const ORACLE = 'tools/oracle/visits-oracle.mjs';
const MOST_BYTES = 64 * 1024 * 1024;
const COMPLETE_WITHIN_MS = 120_000;
const SHOWN = 5;
/** Exit code of `till verify`. */
const DIFFERS = 3;

/** A stream file with these sections of visits, and no others. */
export function withVisits(
  streamFile: string,
  sections: { readonly sessions?: string; readonly attribution?: string },
): string {
  const without = streamFile.replace(/^(sessions|attribution):.*\n(?:[ \t]+.*\n)*/gm, '');
  const lines = Object.entries(sections).map(([name, text]) => `${name}: ${text}\n`);
  return `${without}\n${lines.join('')}`;
}

/** What a plain script says of files; each line without what only the platform knows. */
export interface PlainVisits {
  readonly sessions: readonly string[];
  readonly attributions: readonly string[];
}

/** Everything that the plain oracle works out from files. */
export async function plainVisits(files: readonly string[]): Promise<PlainVisits> {
  const { stdout } = await run(process.execPath, [ORACLE, ...files], { maxBuffer: MOST_BYTES });
  const rows = parsedLines<Record<string, unknown>>(stdout);
  const of = (wanted: string): string[] =>
    rows.flatMap(({ kind, ...row }) => (kind === wanted ? [JSON.stringify(row)] : [])).sort();
  return { sessions: of('session'), attributions: of('attribution') };
}

/** What `till verify` says of sessions and attributions. */
export type VisitReports = readonly { readonly of: string; readonly compared: number; readonly awaited: number }[];

/** Waits until all visits that the raw log gives have been told, and gives what was compared. @throws with what differs */
export async function visitsVerified(platform: Platform): Promise<VisitReports> {
  let reports: VisitReports = [];
  await until('the last visits to be told', COMPLETE_WITHIN_MS, async () => {
    const { code, stdout, stderr } = await till(platform, 'verify', '--json');
    if (code === DIFFERS) throw new Error(`${stderr}\n${stdout}`);
    const { visits } = JSON.parse(stdout) as { readonly visits?: { readonly visits: VisitReports } };
    reports = visits?.visits ?? [];
    return reports.length > 0 && reports.every(({ compared, awaited }) => compared > 0 && awaited === 0);
  });
  return reports;
}

/** Where sessions and the client's own ids disagree in files, as the plain oracle counts it. */
export async function plainComparison(files: readonly string[]): Promise<{ readonly examples: object }> {
  const { stdout } = await run(process.execPath, [ORACLE, ...files, '--compare'], { maxBuffer: MOST_BYTES });
  return JSON.parse(stdout) as { readonly examples: object };
}

/** Waits until query-api answers exactly these sessions and purchases. @throws Error with the first differences */
export async function visitsAgree(platform: Platform, expected: PlainVisits): Promise<void> {
  let problems: readonly string[] = ['nothing compared yet'];
  await until('everything to be enriched', COMPLETE_WITHIN_MS, () => isEnriched(platform));
  await until('sessions and attributions to be right', COMPLETE_WITHIN_MS, async () => {
    const sessions = await toldBy(platform, 'sessions', sessionShape);
    const attributions = await toldBy(platform, 'attributions', purchaseShape);
    problems = [...differencesOf(expected.sessions, sessions), ...differencesOf(expected.attributions, attributions)];
    return problems.length === 0;
  }).catch((error: unknown) => {
    throw new Error(`${String(error)}\n${problems.slice(0, SHOWN).join('\n')}`);
  });
}

/** What the command line tells, as the oracle's lines have it. */
async function toldBy(
  platform: Platform,
  command: string,
  shape: (row: Readonly<Record<string, unknown>>) => object,
): Promise<string[]> {
  const { code, stdout, stderr } = await till(platform, command, '--limit', '1000000', '--json');
  if (code !== 0) return [`till ${command}: ${stderr}`];
  return parsedLines<Readonly<Record<string, unknown>>>(stdout)
    .map((row) => JSON.stringify(shape(row)))
    .sort();
}

const only = (row: Readonly<Record<string, unknown>>, members: readonly string[]): object =>
  Object.fromEntries(members.map((name) => [name, row[name]]));

const OF_SESSION = [
  ...['user', 'start', 'end', 'events', 'page_views', 'carts', 'purchases', 'products', 'revenue', 'entry', 'exit'],
  ...['device', 'location', 'path', 'client_sessions', 'cart', 'truncated'],
];
const OF_PURCHASE = ['user', 'time', 'on', 'category', 'device', 'revenue', 'views', 'truncated'];
const OF_VIEW = ['time', 'time_to_purchase_ms', 'last_touch', 'share', 'revenue'];

const sessionShape = (row: Readonly<Record<string, unknown>>): object => only(row, OF_SESSION);

function purchaseShape(row: Readonly<Record<string, unknown>>): object {
  const views = row['views'] as readonly Readonly<Record<string, unknown>>[];
  return only({ ...row, views: views.map((view) => only(view, OF_VIEW)) }, OF_PURCHASE);
}

function differencesOf(expected: readonly string[], told: readonly string[]): string[] {
  const [wanted, found] = [new Set(expected), new Set(told)];
  return [
    ...expected.filter((line) => !found.has(line)).map((line) => `missing: ${line}`),
    ...told.filter((line) => !wanted.has(line)).map((line) => `not expected: ${line}`),
    ...(told.length > found.size ? [`${told.length - found.size} told twice`] : []),
  ];
}

function parsedLines<Row>(text: string): Row[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Row);
}
