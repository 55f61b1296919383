import { execFile } from 'node:child_process';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findPython, startS3 } from '@tillstream/local';
import type { TypedColumn } from '../sql/column-type';
import { DuckDbSession } from '../duckdb/duckdb-session';
import { partitionPath } from '../sql/partition-path';
import { quoteText } from '../sql/quote';
import { readFiles } from '../sql/read-files';
import type { ObjectStore } from '../store/object-store';
import { openObjectStore } from '../store/open-object-store';
import { NO_ACCESS } from '../store/store-access';
import { LakeTable } from './lake-table';
import type { DataFile } from './table-snapshot';

jest.setTimeout(180_000);

const READER = join(__dirname, '../testing/read-delta.py');
const PATH = 'commerce/events';
const python = findPython('reading the lake with delta-rs');

const COLUMNS: readonly TypedColumn[] = [
  { name: '_offset', type: 'long' },
  { name: 'at', type: 'timestamp' },
  { name: 'price', type: { kind: 'decimal', precision: 18, scale: 2 } },
  { name: 'tags', type: { kind: 'array', element: 'string' } },
  { name: 'group', type: { kind: 'struct', fields: [{ name: 'n', type: 'long' }] } },
  { name: 'date', type: 'date' },
  { name: 'shop', type: 'string' },
];
const PARTITION_BY = ['date', 'shop'];
const COLOUR: TypedColumn = { name: 'colour', type: 'string' };
const SHOPS = ['de', 'a/b c', 'ü?#', '50%41', null];

interface Seen {
  readonly version: number;
  readonly partitionBy: readonly string[];
  readonly columns: readonly string[];
  readonly files: number;
  readonly position: number;
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  readonly onTheSixth: number;
  readonly behind: number;
}

async function readByDeltaRs(...args: string[]): Promise<Seen> {
  const { stdout } = await promisify(execFile)(python ?? 'python3', [READER, ...args], { maxBuffer: 2 ** 28 });
  return JSON.parse(stdout) as Seen;
}

/** Writes the files of a table as its sink does: ten rows each, every one of another shop and of one of two days. */
class Writer {
  private next = 0;

  constructor(
    private readonly table: LakeTable,
    private readonly store: ObjectStore,
    private readonly session: DuckDbSession,
  ) {}

  async commit(hasColour: boolean): Promise<void> {
    const [from, next] = [this.next, this.next + 10];
    const file = await this.put(from, next, hasColour);
    await this.table.commit(() => ({
      columns: hasColour ? [...COLUMNS, COLOUR] : COLUMNS,
      partitionBy: PARTITION_BY,
      add: [file],
      remove: [],
      position: { appId: 'events/0', from, next },
      dataChange: true,
    }));
    this.next = next;
  }

  private async put(from: number, next: number, hasColour: boolean): Promise<DataFile> {
    const date = from % 20 === 0 ? '2026-01-05' : '2026-01-06';
    const partition = { date, shop: SHOPS[(from / 10) % SHOPS.length] ?? null };
    const path = `${partitionPath(partition)}/p0-${from}-${next}.parquet`;
    const scratch = await this.store.scratch();
    const file = join(scratch, 'rows.parquet');
    const columns = [
      'n AS _offset',
      `TIMESTAMPTZ ${quoteText(`${date} 00:00:00+00`)} + INTERVAL 1 SECOND * n AS at`,
      '(n / 4)::DECIMAL(18, 2) AS price',
      `[${quoteText('a')}, ${quoteText('b"')}] AS tags`,
      '{n: n * 2} AS group',
      ...(hasColour ? [`${quoteText('red')} AS colour`] : []),
    ];
    await this.session.rows(
      `COPY (SELECT ${columns.join(', ')} FROM range(${from}, ${next}) rows(n)) TO ${quoteText(file)} (FORMAT parquet, COMPRESSION zstd)`,
    );
    const bytes = (await stat(file)).size;
    await this.store.putIfAbsent(`${PATH}/${path}`, { file });
    await rm(scratch, { recursive: true });
    const atMs = (n: number) => Date.parse(`${date}T00:00:00Z`) + n * 1_000;
    return {
      ...{ path, bytes, rows: 10, partition, addedMs: Date.now() },
      min: { _offset: from, at: atMs(from) },
      max: { _offset: next - 1, at: atMs(next - 1) },
    };
  }
}

function expectedRows(count: number, colourFrom: number): Seen['rows'] {
  return Array.from({ length: count }, (_, n) => {
    const date = Math.floor(n / 10) % 2 === 0 ? '2026-01-05' : '2026-01-06';
    return {
      _offset: n,
      at: `${new Date(Date.parse(`${date}T00:00:00Z`) + n * 1_000).toISOString().slice(0, 19)}+00:00`,
      price: (n / 4).toFixed(2),
      tags: ['a', 'b"'],
      group: { n: n * 2 },
      date,
      shop: SHOPS[Math.floor(n / 10) % SHOPS.length] ?? null,
      colour: n >= colourFrom ? 'red' : null,
    };
  });
}

/** Prices are halves of half: DuckDB rounds what does not fit into two digits as toFixed does not. */
function withoutPrices(rows: Seen['rows']): unknown[] {
  return rows.map(({ price, ...more }) => ({ ...more, hasPrice: price !== null }));
}

(python !== null ? describe : describe.skip)('delta-rs', () => {
  let directory: string;
  let session: DuckDbSession;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'tillstream-delta-'));
    session = await DuckDbSession.open({ memoryBytes: 256 * 1024 ** 2, threads: 1, temporary: null });
  });
  afterAll(async () => {
    await session.close();
    await rm(directory, { recursive: true, force: true });
  });

  async function fill(store: ObjectStore): Promise<LakeTable> {
    const table = new LakeTable(store, PATH);
    const writer = new Writer(table, store, session);
    for (let i = 0; i < 25; i++) await writer.commit(i >= 12);
    return table;
  }

  const expectWhole = (seen: Seen) => {
    expect(seen).toMatchObject({ partitionBy: PARTITION_BY, position: 250, onTheSixth: 120, behind: 150 });
    expect(withoutPrices(seen.rows)).toEqual(withoutPrices(expectedRows(250, 120)));
  };

  it('reads what a table holds, with and without its checkpoint, and we read on what it has compacted', async () => {
    const where = join(directory, 'lake');
    const store = openObjectStore(where, NO_ACCESS);
    const table = await fill(store);
    const seen = await readByDeltaRs(join(where, PATH));
    expectWhole(seen);
    expect(seen).toMatchObject({ version: 24, files: 25, columns: [...COLUMNS, COLOUR].map(({ name }) => name) });

    // Only the checkpoint says what was in the first commits.
    const commits = Array.from(
      { length: 20 },
      (_, version) => `${PATH}/_delta_log/${String(version).padStart(20, '0')}.json`,
    );
    await store.remove(commits);
    expectWhole(await readByDeltaRs(join(where, PATH)));

    const compacted = await readByDeltaRs('--compact', join(where, PATH));
    expectWhole(compacted);
    expect(compacted).toMatchObject({ version: 25, files: 10 });
    for (const reader of [table, new LakeTable(store, PATH)]) {
      const now = await reader.snapshot();
      expect([...(now?.files.values() ?? [])].reduce((rows, file) => rows + file.rows, 0)).toBe(250);
      expect(now?.positions.get('events/0')).toBe(250);
      expect(await offsetsOf(reader)).toEqual(Array.from({ length: 250 }, (_, n) => n));
    }
  });

  it('reads a table in a bucket', async () => {
    const s3 = await startS3({ dataDir: join(directory, 's3'), buckets: ['lake'] });
    try {
      const access = { ...NO_ACCESS, user: 'key', secret: 'secret', endpoint: s3.address };
      const cache = { directory: join(directory, 'cache'), bytes: 1e9 };
      const table = await fill(openObjectStore('s3://lake/kept', { ...access, cache }));
      const options = [
        'AWS_ACCESS_KEY_ID=key',
        'AWS_SECRET_ACCESS_KEY=secret',
        'AWS_REGION=us-east-1',
        'AWS_ALLOW_HTTP=true',
      ];
      expectWhole(await readByDeltaRs(`s3://lake/kept/${PATH}`, `AWS_ENDPOINT_URL=${s3.address}`, ...options));
      expect(await offsetsOf(table)).toHaveLength(250);
    } finally {
      await s3.stop();
    }
  });

  async function offsetsOf(table: LakeTable): Promise<number[]> {
    const now = await table.snapshot();
    const files = await Promise.all(
      [...(now?.files.values() ?? [])].map(async (file) => ({
        local: await table.local(file),
        partition: file.partition,
      })),
    );
    const sql = `SELECT _offset FROM (${readFiles(now?.columns ?? [], PARTITION_BY, files)}) ORDER BY 1`;
    return (await session.rows(sql)).map((row) => Number(Object.values(row)[0]));
  }
});
