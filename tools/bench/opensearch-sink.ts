import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSearchSinkKind } from '@tillstream/adapter-opensearch';
import type { FeedTable, StreamDefinition } from '@tillstream/contracts';
import { feedTables } from '@tillstream/contracts';
import type { EventBatch } from '@tillstream/core';
import { aSink, aSinkEnvironment } from '@tillstream/engine/testing';
import { startOpenSearch } from '../local/index.mjs';
import { table } from '../rig/table';
import type { BenchContext } from './context';
import { eventBatches } from './event-batches';
import { median } from './measure';

const ROUNDS = 3;
/** A store of this kind takes its time: more events say nothing more. */
const MOST_EVENTS = 100_000;
/** As many as the sink has. */
const AT_ONCE = 4;
const CLOCK_TICKS_PER_SECOND = 100;

type Server = Awaited<ReturnType<typeof startOpenSearch>>;

interface Cost {
  readonly seconds: number;
  /** Of this process: what it costs to write. */
  readonly writerCpuSeconds: number;
  readonly storeCpuSeconds: number;
}

/** Events into OpenSearch, beside the same documents posted to `_bulk` from files. */
export async function measureOpenSearchSink({ definition, partEvents, say }: BenchContext): Promise<string> {
  const events = await partEvents();
  const batches = eventBatches(definition, [...events].slice(0, MOST_EVENTS));
  const rows = batches.reduce((sum, batch) => sum + batch.rows, 0);
  const directory = await mkdtemp(join(tmpdir(), 'tillstream-bench-opensearch-'));
  const server = await startOpenSearch({ dataDir: join(directory, 'store'), heapMegabytes: 1_024 });
  try {
    say(`writing ${rows} events into OpenSearch`);
    const files = await capture(definition, batches, directory);
    const ways = { sink: [] as Cost[], file: [] as Cost[] };
    let heldBytes = 0;
    // Round 0 warms the store up and does not count.
    for (let round = 0; round <= ROUNDS; round++) {
      const before = process.memoryUsage().rss;
      const watch = setInterval(() => (heldBytes = Math.max(heldBytes, process.memoryUsage().rss - before)), 20);
      const sink = await costOf(server, () => throughSink(definition, batches, server.address, `sink-${round}`));
      clearInterval(watch);
      await expectCount(server, `sink-${round}`, rows);
      const file = await costOf(server, () => fromFiles(files, server.address, `file-${round}`));
      await expectCount(server, `file-${round}`, rows);
      if (round > 0) ways.sink.push(sink);
      if (round > 0) ways.file.push(file);
    }
    const line = (way: string, costs: readonly Cost[]): readonly string[] => {
      const cpuOf = (cost: (one: Cost) => number): number => median(costs.map(cost));
      const both = cpuOf(({ writerCpuSeconds, storeCpuSeconds }) => writerCpuSeconds + storeCpuSeconds);
      return [
        way,
        String(Math.round(rows / median(costs.map(({ seconds }) => seconds)))),
        String(Math.round(rows / both)),
        (cpuOf(({ storeCpuSeconds }) => storeCpuSeconds) / (rows / 1e5)).toFixed(1),
        (cpuOf(({ writerCpuSeconds }) => writerCpuSeconds) / (rows / 1e5)).toFixed(2),
      ];
    };
    return [
      `OpenSearch: ${rows} events of ${definition.schema.fields.length} fields into one index, ${AT_ONCE} requests at once, medians of ` +
        `${ROUNDS} rounds in turn:`,
      '',
      ...table(
        [
          'way',
          'rows a second',
          'rows per CPU-second, store included',
          "the store's CPU-seconds per 100,000 rows",
          "the writer's",
        ],
        [
          line('the sink: columns of event batches, an id and a version each', ways.sink),
          line('`_bulk` from files that hold the same requests', ways.file),
        ],
      ),
      '',
      `Writing holds ${Math.round(heldBytes / 1024 ** 2)} MiB more at most.`,
    ].join('\n');
  } finally {
    await server.kill();
    await rm(directory, { recursive: true, force: true });
  }
}

async function costOf(server: Server, run: () => Promise<void>): Promise<Cost> {
  const storeBefore = await cpuSecondsOf(server.pid);
  const before = process.cpuUsage();
  const begun = performance.now();
  await run();
  const seconds = (performance.now() - begun) / 1_000;
  const { user, system } = process.cpuUsage(before);
  return {
    seconds,
    writerCpuSeconds: (user + system) / 1e6,
    storeCpuSeconds: (await cpuSecondsOf(server.pid)) - storeBefore,
  };
}

/** User and system time of a process; Linux tells it, elsewhere it is nought. */
async function cpuSecondsOf(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const [user = 0, system = 0] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13)
    .map(Number);
  return (user + system) / CLOCK_TICKS_PER_SECOND;
}

async function throughSink(
  definition: StreamDefinition,
  batches: readonly EventBatch[],
  where: string,
  prefix: string,
): Promise<void> {
  const settings = { prefix, rollover: 'none', concurrency: AT_ONCE, index: { number_of_replicas: 0 } };
  const opened = openSearchSinkKind.open(
    aSink({ type: 'opensearch', where, settings }),
    definition,
    aSinkEnvironment(),
  );
  if (!opened.ok) throw new Error(opened.problems.map(({ message }) => message).join('\n'));
  const { sink } = opened;
  await sink.prepare();
  const tables = feedTables(definition, 'events');
  // Two partitions, as a service has several: one is encoded while the store is at work on another.
  const partitions = await Promise.all([0, 1].map((partition) => sink.open('events', partition, tables)));
  await Promise.all(
    partitions.map(async (partition, lane) => {
      for (const batch of batches.filter((_, i) => i % partitions.length === lane)) {
        const selected = Uint32Array.from({ length: batch.rows }, (_, row) => row);
        const rows = { kind: 'columns' as const, table: tables[0] as FeedTable, batch, selected };
        await partition.add({ from: batch.rawFrom, next: batch.rawNext, rows });
        const { pending, bounds } = partition;
        if (pending.bytes >= bounds.bytes || pending.rows >= bounds.rows) await partition.flush(refuse);
      }
      await partition.flush(refuse);
    }),
  );
  await sink.close();
}

async function refuse(refused: readonly { readonly reason: string }[]): Promise<void> {
  throw new Error(`refused: ${refused[0]?.reason}`);
}

/** The sink's requests in files, one each. */
async function capture(
  definition: StreamDefinition,
  batches: readonly EventBatch[],
  directory: string,
): Promise<readonly string[]> {
  let count = 0;
  const store = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks);
      const isBulk = request.url?.startsWith('/_bulk') === true;
      const rows = isBulk ? body.toString('utf8').split('\n').length >> 1 : 0;
      const items = Array.from({ length: rows }, () => ({ index: { status: 201 } }));
      const answer = JSON.stringify(isBulk ? { took: 1, items } : { version: { number: '3.8.0' } });
      const kept = isBulk ? writeFile(join(directory, `${count++}.ndjson`), body) : Promise.resolve();
      void kept.then(() => {
        response.writeHead(request.url?.includes('_mapping') ? 404 : 200, { 'content-type': 'application/json' });
        response.end(answer);
      });
    });
  });
  await new Promise<void>((resolve) => store.listen(0, '127.0.0.1', resolve));
  try {
    await throughSink(definition, batches, `http://127.0.0.1:${(store.address() as AddressInfo).port}`, 'file-n');
  } finally {
    store.closeAllConnections();
    store.close();
  }
  return (await readdir(directory)).filter((name) => name.endsWith('.ndjson')).map((name) => join(directory, name));
}

/** As anybody posts files who wants nothing but to have them loaded. */
async function fromFiles(files: readonly string[], address: string, prefix: string): Promise<void> {
  const template = await (await fetch(`${address}/_index_template/sink-0-events`)).json();
  const [found] = (template as { readonly index_templates: readonly { readonly index_template: object }[] })
    .index_templates;
  await post(`${address}/_index_template/${prefix}-events`, 'PUT', {
    ...found?.index_template,
    index_patterns: [`${prefix}-events`],
  });
  const waiting = [...files];
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
        const lines = (await readFile(file, 'latin1')).replaceAll('"_index":"file-n-', `"_index":"${prefix}-`);
        const answer = await fetch(`${address}/_bulk?filter_path=errors`, {
          method: 'POST',
          headers: { 'content-type': 'application/x-ndjson' },
          body: Buffer.from(lines, 'latin1'),
        });
        const { errors } = (await answer.json()) as { readonly errors: boolean };
        if (errors) throw new Error('a document of a file was refused');
      }
    }),
  );
}

async function expectCount({ address }: Server, prefix: string, rows: number): Promise<void> {
  await post(`${address}/${prefix}-events/_refresh`, 'POST', {});
  const { count } = (await (await fetch(`${address}/${prefix}-events/_count`)).json()) as { readonly count: number };
  if (count !== rows) throw new Error(`${prefix} has ${count} documents of ${rows}`);
}

async function post(url: string, method: string, body: object): Promise<void> {
  const answer = await fetch(url, {
    method,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${url}: ${await answer.text()}`);
}
