import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDbSession } from '../duckdb/duckdb-session';
import type { TypedColumn } from '../sql/column-type';
import { partitionPath } from '../sql/partition-path';
import { quoteText } from '../sql/quote';
import { openObjectStore } from '../store/open-object-store';
import { NO_ACCESS } from '../store/store-access';
import { LakeTable } from '../table/lake-table';
import type { TableSnapshot } from '../table/table-snapshot';
import type { ExportFormat, ExportRequest } from './export-table';
import { exportTable } from './export-table';

const BOUNDS = { memoryBytes: 256 * 1024 ** 2, threads: 1, temporary: null };
const COLUMNS: readonly TypedColumn[] = [
  { name: 'date', type: 'date' },
  { name: '_offset', type: 'long' },
  { name: 'at', type: 'timestamp' },
  { name: 'amount', type: { kind: 'decimal', precision: 18, scale: 2 } },
  { name: 'tags', type: { kind: 'array', element: 'string' } },
  { name: 'group', type: 'string' },
  { name: 'body', type: 'binary' },
  { name: 'm_01', type: { kind: 'struct', fields: [{ name: 'total', type: 'long' }] } },
];
const DAY_MS = 24 * 60 * 60 * 1000;
const FROM_MS = Date.parse('2026-01-05T00:00:00Z');

let directory: string;
let session: DuckDbSession;
let table: LakeTable;
let snapshot: TableSnapshot;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'tillstream-export-'));
  const store = openObjectStore(join(directory, 'lake'), NO_ACCESS);
  await store.prepare();
  table = new LakeTable(store, 'shop/finals', () => 0);
  session = await DuckDbSession.open(BOUNDS);
  for (let day = 0; day < 3; day += 1) {
    const minMs = FROM_MS + day * DAY_MS;
    const partition = { date: new Date(minMs).toISOString().slice(0, 10) };
    const path = `${partitionPath(partition)}/p0-${day}.parquet`;
    const file = join(directory, `${day}.parquet`);
    // The last row of a day is the newest, and the first to be written.
    await session.rows(
      `COPY (SELECT (${day * 10} + i)::BIGINT AS "_offset", to_timestamp(${minMs / 1000} + i * 3600) AS "at",
        (i * 0.10)::DECIMAL(18,2) AS amount, CASE WHEN i = 1 THEN ['a,b', 'c"d'] END AS tags, '{"x":' || i || '}' AS "group",
        'ab'::BLOB AS body, CASE WHEN i % 2 = 0 THEN {'total': i::BIGINT} END AS m_01
        FROM range(3) t(i) ORDER BY i DESC) TO ${quoteText(file)} (FORMAT parquet)`,
    );
    await store.putIfAbsent(`shop/finals/${path}`, { file });
    const added = {
      path,
      bytes: 1,
      rows: 3,
      partition,
      min: { at: minMs },
      max: { at: minMs + 7_200_000 },
      addedMs: 0,
    };
    await table.commit((now) => ({
      ...(now === null ? { columns: COLUMNS, partitionBy: ['date'] } : {}),
      ...{ add: [added], remove: [], dataChange: true },
    }));
  }
  snapshot = (await table.snapshot()) as TableSnapshot;
});

afterAll(async () => {
  await session.close();
  rmSync(directory, { recursive: true });
});

const plain = (name: string, isJson = false) => ({ name, from: [name] as const, isJson });

async function exported(format: ExportFormat, change: Partial<ExportRequest> = {}) {
  const file = join(directory, `out.${format}`);
  rmSync(file, { force: true });
  const rows = await exportTable({
    ...{ session, table, snapshot, format, file, having: null, orderBy: ['at'] },
    columns: [
      ...['date', '_offset', 'at', 'amount', 'tags'].map((name) => plain(name)),
      plain('group', true),
      plain('body'),
    ],
    span: { column: 'at', fromMs: FROM_MS + 3_600_000, toMs: FROM_MS + DAY_MS + 1 },
    signal: new AbortController().signal,
    ...change,
  });
  return { rows, text: format === 'parquet' ? '' : readFileSync(file, 'utf8'), file };
}

describe('an export of a table', () => {
  it('is CSV with instants in UTC, digits as they are, and lists as JSON', async () => {
    expect(await exported('csv')).toMatchObject({
      rows: 3,
      text: [
        'date,_offset,at,amount,tags,group,body',
        '2026-01-05,1,2026-01-05T01:00:00.000Z,0.10,"[""a,b"",""c\\""d""]","{""x"":1}",YWI=',
        '2026-01-05,2,2026-01-05T02:00:00.000Z,0.20,,"{""x"":2}",YWI=',
        '2026-01-06,10,2026-01-06T00:00:00.000Z,0.00,,"{""x"":0}",YWI=',
        '',
      ].join('\n'),
    });
  });

  it('is JSON, one object a line, in which amounts are text and JSON is JSON', async () => {
    const { text } = await exported('ndjson');
    expect(
      text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown)[0],
    ).toEqual({
      ...{ date: '2026-01-05', _offset: 1, at: '2026-01-05T01:00:00.000Z', amount: '0.10', tags: ['a,b', 'c"d'] },
      ...{ group: { x: 1 }, body: 'YWI=' },
    });
  });

  it('is Parquet with the types of the table, of what a column holds too', async () => {
    const columns = [plain('_offset'), { name: 'total', from: ['m_01', 'total'] as const, isJson: false }];
    const span = { column: null, fromMs: -Infinity, toMs: Infinity };
    const { file, rows } = await exported('parquet', { columns, span, having: 'm_01' });
    expect(rows).toBe(6);
    const read = await session.rows(`SELECT * FROM ${quoteText(file)}`);
    expect(read.slice(0, 3)).toEqual([
      { _offset: '0', total: '0' },
      { _offset: '2', total: '2' },
      { _offset: '10', total: '0' },
    ]);
  });

  it('opens no file that has no row of the span', async () => {
    const span = { column: 'at', fromMs: FROM_MS + 2 * DAY_MS, toMs: Infinity };
    const opened: string[] = [];
    const watched = Object.create(table, {
      local: { value: (file: { path: string }) => (opened.push(file.path), table.local(file)) },
    }) as LakeTable;
    expect((await exported('csv', { span, table: watched })).rows).toBe(3);
    expect(opened).toEqual(['date=2026-01-07/p0-2.parquet']);
  });

  it('leaves nothing of a file that was given up', async () => {
    const aborted = AbortSignal.abort();
    await expect(exported('csv', { signal: aborted })).rejects.toThrow();
    expect(existsSync(join(directory, 'out.csv'))).toBe(false);
  });
});
