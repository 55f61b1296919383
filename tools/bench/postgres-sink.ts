import { readFileSync, readdirSync } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { postgresSinkKind } from '@tillstream/adapter-postgres';
import type { FeedRow, FeedTable, FeedValue, StreamDefinition } from '@tillstream/contracts';
import { feedTables } from '@tillstream/contracts';
import type { FeedPortion, PortionRows } from '@tillstream/engine';
import { aSink, aSinkEnvironment } from '@tillstream/engine/testing';
import { startPostgres } from '@tillstream/local';
import { Client } from 'pg';
import { cpuOf } from '../rig/process-figures';
import { table } from '../rig/table';
import { columnBatches, inRecords } from './column-batches';
import type { BenchContext } from './context';
import { median } from './measure';

const ROUNDS = 3;
const ROWS_A_RECORD = 64;
/** What the sink's bounds are where nothing else is declared. */
const ROWS_A_FLUSH = 10_000;
const ROWS_A_PORTION = 10_000;
const START_MS = Date.UTC(2026, 0, 6);
const CATEGORIES = 500;

type Server = Awaited<ReturnType<typeof startPostgres>>;

/** CPU-seconds of a round. */
interface Cost {
  /** Of this process. */
  readonly own: number;
  readonly server: number;
}

/** What is stored, and where. */
interface Load {
  readonly what: string;
  readonly feed: 'events' | 'finals';
  readonly tables: readonly FeedTable[];
  readonly rows: number;
  readonly table: string;
  portions(): Iterable<FeedPortion>;
}

/** Rows into PostgreSQL, beside its own COPY of the same rows from a file into the same table. */
export async function measurePostgresSink({ definition, partCount, say }: BenchContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'tillstream-bench-postgres-'));
  const server = await startPostgres({ dataDir: join(directory) });
  const client = new Client({ ...credentialsOf(server), host: '127.0.0.1', port: server.port, database: 'postgres' });
  await client.connect();
  const lines: string[][] = [];
  try {
    for (const load of [finals(definition, partCount), events(definition, partCount)]) {
      say(`storing ${load.rows} ${load.what} in PostgreSQL`);
      const ways = { sink: [] as Cost[], again: [] as Cost[], text: [] as Cost[], binary: [] as Cost[] };
      let bytes = 0;
      for (let round = 0; round < ROUNDS; round++) {
        await client.query(`DROP SCHEMA IF EXISTS bench CASCADE`);
        ways.sink.push(await stored(server, definition, load));
        await client.query(`DELETE FROM bench._tillstream_progress`);
        ways.again.push(await stored(server, definition, load));
        const copy = async (format: 'text' | 'binary'): Promise<void> => {
          const file = join(server.dataDir, `rows.${format}`);
          await client.query(`COPY ${load.table} TO '${file}' (FORMAT ${format})`);
          if (format === 'binary') bytes = (await stat(file)).size;
          await client.query(`TRUNCATE ${load.table}`);
          ways[format].push(
            await costOf(server, () => client.query(`COPY ${load.table} FROM '${file}' (FORMAT ${format})`)),
          );
          await rm(file);
        };
        await copy('text');
        await copy('binary');
      }
      lines.push(...linesOf(load, ways, bytes));
    }
  } finally {
    await client.end();
    await server.stop();
    await rm(directory, { recursive: true, force: true });
  }
  return [
    `PostgreSQL: rows into a table with its primary key, ${ROWS_A_FLUSH} a transaction, on one connection; \`COPY\` loads the same rows ` +
      `from a file of its own in one statement. CPU of both processes, medians of ${ROUNDS} rounds in turn:`,
    '',
    ...table(
      ['rows', 'way', 'thousand rows per CPU-second', "the sink's speed, as a multiple of it", 'of that in the server'],
      lines,
    ),
  ].join('\n');
}

function linesOf({ what, rows }: Load, ways: Readonly<Record<string, readonly Cost[]>>, bytes: number): string[][] {
  const cpuOfWay = (way: string): number => median((ways[way] ?? []).map(({ own, server }) => own + server));
  const serverOf = (way: string): number => median((ways[way] ?? []).map(({ server }) => server));
  const line = (way: string, name: string): string[] => [
    `${what}, ${Math.round(bytes / rows)} bytes each`,
    name,
    String(Math.round(rows / cpuOfWay(way) / 1000)),
    (cpuOfWay(way) / cpuOfWay('sink')).toFixed(2),
    `${Math.round((100 * serverOf(way)) / cpuOfWay(way))} %`,
  ];
  return [
    line('sink', 'the sink'),
    line('again', 'the sink, given rows that all stand there already'),
    line('text', '`COPY` from a file of text'),
    line('binary', '`COPY` from a file of its binary format'),
  ];
}

async function stored(server: Server, definition: StreamDefinition, load: Load): Promise<Cost> {
  const { user: USER, password: PASSWORD } = server;
  const declared = aSink({ type: 'postgres', where: server.address, settings: { schema: 'bench' } });
  const opened = postgresSinkKind.open(declared, definition, aSinkEnvironment({ USER, PASSWORD }));
  if (!opened.ok) throw new Error(opened.problems.map(({ message }) => message).join('\n'));
  const { sink } = opened;
  await sink.prepare();
  const partition = await sink.open(load.feed, 0, load.tables);
  const refuse = (): Promise<void> => Promise.reject(new Error('PostgreSQL refuses none of them'));
  const cost = { own: 0, server: 0 };
  const count = async (work: () => Promise<void>): Promise<void> => {
    const { own, server: its } = await costOf(server, work);
    cost.own += own;
    cost.server += its;
  };
  // Making the rows is not counted: it is nobody's here.
  for (const portion of load.portions()) {
    await count(async () => {
      await partition.add(portion);
      if (partition.pending.rows >= ROWS_A_FLUSH) await partition.flush(refuse);
    });
  }
  await count(() => partition.flush(refuse));
  await sink.close();
  return cost;
}

async function costOf(server: Server, work: () => Promise<unknown>): Promise<Cost> {
  const [own, its] = [process.cpuUsage(), serverCpu(server)];
  await work();
  const { user, system } = process.cpuUsage(own);
  return { own: (user + system) / 1e6, server: serverCpu(server) - its };
}

/** CPU-seconds of a server's processes so far: of those that are connected to, and of those that write for them. */
function serverCpu({ pid }: Server): number {
  const isIts = (candidate: number): boolean => {
    try {
      const stat = readFileSync(`/proc/${candidate}/stat`, 'utf8');
      return candidate === pid || Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === pid;
    } catch {
      return false; // it has ended meanwhile
    }
  };
  const own = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter(isIts);
  return own.reduce((sum, candidate) => {
    const { user, system } = cpuOf(candidate);
    return sum + user + system;
  }, 0);
}

function credentialsOf({ user, password }: Server): { readonly user: string; readonly password: string } {
  return { user, password };
}

/** Results of a metric of several groups. */
function finals(definition: StreamDefinition, rows: number): Load {
  const isGrouped = ({ columns }: FeedTable): boolean => columns.some(({ of }) => of?.kind === 'group');
  const first = feedTables(definition, 'finals').find(isGrouped);
  if (first === undefined) throw new Error('there is no metric with groups');
  const values = (at: number): Record<string, FeedValue> => {
    const own: Record<string, FeedValue> = {};
    for (const { name, type } of first.columns) own[name] = aValue(type, at);
    return { ...own, metric: first.metric, group: { category: `category ${at % CATEGORIES}` } };
  };
  const row = (at: number): FeedRow => ({
    ...{
      table: first.name,
      id: `f|${first.name}|${START_MS + 60_000 * Math.floor(at / CATEGORIES)}|${at % CATEGORIES}`,
    },
    ...{ version: at, timeMs: START_MS, partition: 0, offset: at, index: 0, record: null },
    values: values(at),
  });
  return {
    ...{ what: 'finals', feed: 'finals', tables: [first], rows },
    table: `bench."${first.name.replaceAll('@', '_')}"`,
    *portions() {
      for (let from = 0; from < rows; from += ROWS_A_PORTION) {
        const next = Math.min(rows, from + ROWS_A_PORTION);
        const own: PortionRows = { kind: 'rows', rows: Array.from({ length: next - from }, (_, i) => row(from + i)) };
        yield { from, next, rows: own };
      }
    },
  };
}

function aValue(type: FeedTable['columns'][number]['type'], at: number): FeedValue {
  switch (type) {
    case 'int':
      return at;
    case 'double':
      return at / 7;
    case 'money':
    case 'decimal':
      return `${at}.25`;
    case 'timestamp':
      return START_MS + at;
    case 'bool':
      return false;
    case 'string':
      return `category ${at % CATEGORIES}`;
    default:
      return null;
  }
}

/** The shop's events, in columns, as the enricher gives them. */
function events(definition: StreamDefinition, atLeast: number): Load {
  const tables = feedTables(definition, 'events') as readonly [FeedTable];
  const batches = [...columnBatches({ schema: definition.schema, eventsPerSecond: 1_000 }, atLeast)];
  const rows = batches.reduce((sum, batch) => sum + batch.rows, 0);
  return {
    ...{ what: 'events', feed: 'events', tables, rows, table: 'bench.events' },
    *portions() {
      for (const whole of batches) {
        const rowIndexes = whole.rowIndexes.map((_, row) => row % ROWS_A_RECORD);
        const batch = { ...inRecords(definition.schema, whole, ROWS_A_RECORD), rowIndexes };
        const selected = Uint32Array.from({ length: batch.rows }, (_, i) => i);
        yield {
          from: batch.rawFrom,
          next: batch.rawNext,
          rows: { kind: 'columns', table: tables[0], batch, selected },
        };
      }
    },
  };
}
