import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  FinalHistory,
  LakeReader,
  NO_ACCESS,
  StreamTables,
  answerSql,
  openObjectStore,
  type FinalsQuestion,
  type SqlLimits,
} from '@tillstream/adapter-lake';
import type { StreamDefinition } from '@tillstream/contracts';
import { SeededRandom } from '@tillstream/engine/testing';
import { table } from '../rig/table';
import type { BenchContext } from './context';
import {
  DAYS,
  DAY_MS,
  FIRST_DAY_MS,
  GROUPS,
  USERS_METRIC,
  fillFinals,
  groupName,
  type StoredFinals,
} from './history-lake';
import { percentile } from './measure';

const RUNS = 30;
const PAGE_ROWS = 1_000;
const AIM_SECONDS = 1;
/** As the query-api has them unless told otherwise. */
const SQL_LIMITS: SqlLimits = { rows: 10_000, bytes: 3 * 1024 ** 2, memoryMiB: 512, threads: 2, timeoutMs: 10_000 };
const READER_BOUNDS = { memoryBytes: 256 * 1024 ** 2, threads: 2, temporary: null };

/** A question, asked anew in every run. @returns rows of its answer */
type Ask = () => Promise<number>;

/** How long questions about finals take that stand in the lake and nowhere else, as the query-api answers them. */
export async function measureHistory({ definition, finals, say }: BenchContext): Promise<string> {
  const where = await mkdtemp(join(tmpdir(), 'tillstream-bench-history-'));
  const store = openObjectStore(where, NO_ACCESS);
  const reader = new LakeReader(store, definition.schema.stream, READER_BOUNDS);
  try {
    say(`writing ${finals} finals of ${DAYS} days`);
    const stored = await fillFinals(definition, store, finals);
    const rows: string[][] = [];
    for (const [what, ask] of [...sqlQuestions(definition, where), ...pageQuestions(definition, reader)]) {
      say(what);
      rows.push([what, ...(await costOf(ask))]);
    }
    return [headOf(stored), '', ...table(['question', 'rows', 'p50, ms', 'p95, ms', 'CPU, ms'], rows)].join('\n');
  } finally {
    await reader.close();
    await rm(where, { recursive: true, force: true });
  }
}

function headOf({ rows, files, bytes, ofUsers }: StoredFinals): string {
  const number = (value: number): string => value.toLocaleString('en');
  return (
    `${number(rows)} finals of ${DAYS} days in ${files} files of together ${(bytes / 1024 ** 2).toFixed(0)} MiB, ` +
    `${number(ofUsers)} of them of \`${USERS_METRIC}\`, the metric that is asked for, with ${number(GROUPS)} groups; ` +
    `${RUNS} runs each, about another user, day or instant every time; the aim is p95 ≤ ${AIM_SECONDS} s on two cores:`
  );
}

/** Each in a database of its own, as every question is. */
function sqlQuestions(definition: StreamDefinition, where: string): [string, Ask][] {
  const tables = new StreamTables(openObjectStore(where, NO_ACCESS), definition.schema.stream);
  const random = new SeededRandom(7);
  const ask = async (sql: string): Promise<number> => {
    const outcome = await answerSql({ sql, ...(await tables.mentionedIn(sql, definition)), limits: SQL_LIMITS });
    if (outcome.kind !== 'answer') throw new Error(`${sql}\n${outcome.message}`);
    return outcome.answer.rows.length;
  };
  const top = (where: string): string =>
    `SELECT user_id, sum(total_spent) AS spent FROM ${USERS_METRIC} ${where} GROUP BY user_id ORDER BY spent DESC LIMIT 10`;
  return [
    [`SQL: the 10 groups that spent most in ${DAYS} days`, () => ask(top(''))],
    [
      'SQL: the 10 that spent most in one day',
      () => {
        const fromMs = FIRST_DAY_MS + Math.floor(random.next() * DAYS) * DAY_MS;
        return ask(top(`WHERE window_start >= '${iso(fromMs)}' AND window_start < '${iso(fromMs + DAY_MS)}'`));
      },
    ],
    [
      'SQL: one group, by day',
      () =>
        ask(
          `SELECT window_start::DATE AS day, sum(total_spent) AS spent FROM ${USERS_METRIC} ` +
            `WHERE user_id = '${groupName(Math.floor(random.next() * GROUPS))}' GROUP BY day ORDER BY day`,
        ),
    ],
  ];
}

/** As a page of ListWindows is read that begins somewhere in the past. */
function pageQuestions({ metrics }: StreamDefinition, reader: LakeReader): [string, Ask][] {
  const identity = metrics.find(({ name }) => name === USERS_METRIC)?.identity ?? '';
  const random = new SeededRandom(7);
  const ask = async (question: Pick<FinalsQuestion, 'fromMs' | 'groupHas'>): Promise<number> => {
    const history = await FinalHistory.open(reader);
    const toMs = FIRST_DAY_MS + DAYS * DAY_MS;
    return (await history.page({ identity, toMs, after: null, limit: PAGE_ROWS, ...question })).length;
  };
  return [
    [
      `a page of ${PAGE_ROWS} rows from anywhere on`,
      () => ask({ fromMs: FIRST_DAY_MS + Math.floor(random.next() * DAYS * DAY_MS), groupHas: [] }),
    ],
    [
      `a page of ${PAGE_ROWS} rows of one group: all of ${DAYS} days`,
      () => {
        const group = groupName(Math.floor(random.next() * GROUPS));
        return ask({ fromMs: FIRST_DAY_MS, groupHas: [`"user_id":"${group}"`] });
      },
    ],
  ];
}

async function costOf(ask: Ask): Promise<string[]> {
  const [seconds, rows]: [number[], number[]] = [[], []];
  await ask(); // what is read from the disk only once
  const before = process.cpuUsage();
  for (let run = 0; run < RUNS; run += 1) {
    const startMs = performance.now();
    rows.push(await ask());
    seconds.push(performance.now() - startMs);
  }
  const { user, system } = process.cpuUsage(before);
  const shown = [percentile(seconds, 0.5), percentile(seconds, 0.95), (user + system) / 1e3 / RUNS];
  return [String(percentile(rows, 0.5)), ...shown.map((ms) => ms.toFixed(0))];
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
