import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { DuckDBInstance } from '@duckdb/node-api';
import { lakeSinkType } from '@tillstream/adapter-lake';
import type { FeedTable, StreamDefinition } from '@tillstream/contracts';
import { feedTables } from '@tillstream/contracts';
import type { EventBatch } from '@tillstream/core';
import { aSink, aSinkEnvironment } from '@tillstream/engine/testing';
import { table } from '../rig/table';
import type { BenchContext } from './context';
import { eventBatches } from './event-batches';
import { median } from './measure';

const ROUNDS = 5;
const ROWS_A_FILE = 500_000;

/** CPU-seconds of one way of writing the rows, and the bytes of what it wrote. */
interface Cost {
  readonly cpuSeconds: number;
  readonly bytes: number;
}

/** Events into the lake, beside what DuckDB itself does with the same rows once it has them. */
export async function measureLakeSink({ definition, partEvents, say }: BenchContext): Promise<string> {
  const events = await partEvents();
  const batches = eventBatches(definition, events);
  const rows = batches.reduce((sum, batch) => sum + batch.rows, 0);
  const directory = await mkdtemp(join(tmpdir(), 'tillstream-bench-lake-'));
  const instance = await DuckDBInstance.create(':memory:', { threads: '2' });
  try {
    say(`writing ${rows} events into the lake`);
    const connection = await instance.connect();
    const ways = {
      lake: [] as Cost[],
      sorted: [] as Cost[],
      plain: [] as Cost[],
      ndjson: [] as Cost[],
    };
    let peakBytes = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const lake = join(directory, `lake-${round}`);
      const before = process.memoryUsage().rss;
      const watch = setInterval(() => (peakBytes = Math.max(peakBytes, process.memoryUsage().rss - before)), 20);
      ways.lake.push(await intoLake(definition, batches, lake));
      clearInterval(watch);
      const files = await parquetFiles(lake);
      if (round === 0) await loadRows(connection, files, directory);
      const out = join(directory, 'copied.parquet');
      ways.sorted.push(await copied(connection, '(FROM rows ORDER BY "timestamp")', out));
      ways.plain.push(await copied(connection, 'rows', out));
      ways.ndjson.push(
        await copied(connection, `(FROM read_json('${directory}/rows.ndjson') ORDER BY "timestamp")`, out),
      );
      await rm(lake, { recursive: true });
    }
    connection.closeSync();
    const base = median(ways.lake.map(({ cpuSeconds }) => cpuSeconds));
    const line = (way: string, costs: readonly Cost[]) => {
      const cpu = median(costs.map(({ cpuSeconds }) => cpuSeconds));
      const size = (median(costs.map(({ bytes }) => bytes)) / rows).toFixed(1);
      return [way, String(Math.round(rows / cpu / 1000)), (cpu / base).toFixed(2), size];
    };
    return [
      `The lake: ${rows} events of ${definition.schema.fields.length} fields, as the enricher writes them, into sorted Parquet files (zstd), ` +
        `medians of ${ROUNDS} rounds in turn:`,
      '',
      ...table(
        ['way', 'thousand rows per CPU-second', "the lake's speed, as a multiple of it", 'bytes a row'],
        [
          line('the lake: columns of event batches, sorted, put and committed', ways.lake),
          line('DuckDB: `COPY` of a table in its memory, sorted by event time', ways.sorted),
          line('DuckDB: `COPY` of that table as it stands', ways.plain),
          line('DuckDB: `COPY` of the rows in NDJSON, sorted', ways.ndjson),
        ],
      ),
      '',
      `Writing holds ${Math.round(peakBytes / 1024 ** 2)} MiB more than the rows themselves at most.`,
    ].join('\n');
  } finally {
    instance.closeSync();
    await rm(directory, { recursive: true, force: true });
  }
}

async function intoLake(definition: StreamDefinition, batches: readonly EventBatch[], where: string): Promise<Cost> {
  const opened = lakeSinkType.open(aSink({ type: 'lake', where }), definition, aSinkEnvironment());
  if (!opened.ok) throw new Error(opened.problems.map(({ message }) => message).join('\n'));
  const { sink } = opened;
  await sink.prepare();
  const tables = feedTables(definition, 'events');
  const partition = await sink.open('events', 0, tables);
  const cpuSeconds = await cpuOf(async () => {
    for (const batch of batches) {
      const selected = Uint32Array.from({ length: batch.rows }, (_, row) => row);
      const rows = { kind: 'columns' as const, table: tables[0] as FeedTable, batch, selected };
      await partition.add({ from: batch.rawFrom, next: batch.rawNext, rows });
      if (partition.pending.rows >= ROWS_A_FILE) await partition.flush(refuse);
    }
    await partition.flush(refuse);
  });
  await sink.close();
  const sizes = await Promise.all((await parquetFiles(where)).map(async (file) => (await stat(file)).size));
  return { cpuSeconds, bytes: sizes.reduce((sum, size) => sum + size, 0) };
}

async function refuse(): Promise<void> {
  throw new Error('the lake refuses nothing');
}

async function parquetFiles(directory: string): Promise<string[]> {
  const names = await readdir(directory, { recursive: true });
  return names.filter((name) => name.endsWith('.parquet')).map((name) => join(directory, name));
}

/** The rows of the lake in a table, in the order of the log, and in a file of JSON. */
async function loadRows(connection: DuckDBConnection, files: readonly string[], directory: string): Promise<void> {
  const list = files.map((file) => `'${file}'`).join(', ');
  const stored = `read_parquet([${list}], hive_partitioning = false)`;
  await connection.run(`CREATE TABLE rows AS FROM ${stored} ORDER BY _offset, _index`);
  await connection.run(`COPY rows TO '${directory}/rows.ndjson' (FORMAT json)`);
}

async function copied(connection: DuckDBConnection, from: string, to: string): Promise<Cost> {
  const cpuSeconds = await cpuOf(async () => {
    await connection.run(`COPY ${from} TO '${to}' (FORMAT parquet, COMPRESSION zstd)`);
  });
  return { cpuSeconds, bytes: (await stat(to)).size };
}

async function cpuOf(work: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}
