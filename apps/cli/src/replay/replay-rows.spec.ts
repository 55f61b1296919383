import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync, gunzipSync, zstdCompressSync } from 'node:zlib';
// eslint-disable-next-line @nx/enforce-module-boundaries -- tools fuzz this program, and its test asks their oracle
import { expectedOutcome, type OracleRecord, partitionOfKey, plainCommerce } from '@tillstream/oracle';
import { csvRows, shiftToNow } from './csv-rows';
import { RETAIL } from './retail-row';
import { REES46, rees46Row } from './rees46-row';
import { replayBodies } from './replay-bodies';
import type { ReplayRow } from './replay-source';
import { timeSpan } from './time-span';

const HEADER = 'event_time,event_type,product_id,category_id,category_code,brand,price,user_id,user_session';
const LINES = [
  '2019-10-01 00:00:00 UTC,view,44600062,210,,shiseido,35.79,541312140,72d76fde',
  '2019-10-01 00:00:05 UTC,cart,1004856,205,electronics.smartphone,samsung,130.76,541312140,72d76fde',
  '2019-10-01 00:02:00 UTC,purchase,1004856,205,electronics.smartphone,,130.76,541312140,',
];

const directory = mkdtempSync(join(tmpdir(), 'till-replay-'));
afterAll(() => rmSync(directory, { recursive: true }));

function fileOf(name: string, content: string | Buffer): { path: string; size: number } {
  const path = join(directory, name);
  writeFileSync(path, content);
  return { path, size: Buffer.byteLength(content) };
}

const csv = (...lines: string[]): string => `${[HEADER, ...lines].join('\n')}\n`;

async function collect<T>(from: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of from) items.push(item);
  return items;
}

const read = (...files: { path: string; size: number }[]): Promise<ReplayRow[]> =>
  collect(csvRows(REES46, files).rows({ file: 0, rowsDone: 0 }, 0));

describe('rows of a REES46 file', () => {
  it('become shop events with their exact price and an id from file and row', async () => {
    const rows = await read(fileOf('october.csv', csv(...LINES)));
    expect(rows.map(({ text }) => text)).toEqual([
      '{"event_id":"october.csv#1","event_type":"page_view","timestamp":"2019-10-01T00:00:00.000Z",' +
        '"user_id":"541312140","product_id":"44600062","product_name":"shiseido 44600062","category":"unknown",' +
        '"quantity":1,"session_id":"72d76fde","price":35.79}',
      expect.stringContaining('"event_type":"add_to_cart"'),
      '{"event_id":"october.csv#3","event_type":"purchase","timestamp":"2019-10-01T00:02:00.000Z",' +
        '"user_id":"541312140","product_id":"1004856","product_name":"1004856",' +
        '"category":"electronics.smartphone","quantity":1,"price":130.76}',
    ]);
  });

  it('are the same however the file is compressed', async () => {
    const text = csv(...LINES);
    const plain = await read(fileOf('a.csv', text));
    expect(await read(fileOf('a.csv.gz', gzipSync(text)))).toEqual(plain);
    expect(await read(fileOf('a.csv.zst', zstdCompressSync(text)))).toEqual(plain);
  });

  it('keep rows that look alike apart, and files too', async () => {
    const twice = fileOf('twice.csv', csv(LINES[0] ?? '', LINES[0] ?? ''));
    const other = fileOf('other.csv', csv(LINES[0] ?? ''));
    const ids = (await read(twice, other)).map(({ text }) => (JSON.parse(text) as { event_id: string }).event_id);
    expect(ids).toEqual(['twice.csv#1', 'twice.csv#2', 'other.csv#1']);
  });

  it('go on after the rows that are done', async () => {
    const files = [fileOf('one.csv', csv(...LINES)), fileOf('two.csv', csv(...LINES))];
    const rows = await collect(csvRows(REES46, files).rows({ file: 1, rowsDone: 2 }, 0));
    expect(rows.map(({ file, number }) => [file, number])).toEqual([[1, 3]]);
  });

  it('pass on what cannot be read, for the gateway to say why', () => {
    const row = rees46Row('x.csv', 7, { event_time: 'soon', event_type: 'stare', price: 'dear', user_id: '' }, 1000);
    expect(row.timeMs).toBeNull();
    expect(JSON.parse(row.text)).toMatchObject({ timestamp: 'soon', event_type: 'stare', price: 'dear', user_id: '' });
  });

  it.each([
    ['no such file', { path: join(directory, 'missing.csv'), size: 0 }, /cannot read/],
    ['another header', fileOf('other-header.csv', 'a,b\n1,2\n'), /no column event_time/],
    ['a line with too few columns', fileOf('short.csv', csv('1,2')), /broken/],
    ['a cut-off archive', fileOf('cut.csv.gz', gzipSync(csv(...LINES)).subarray(0, 60)), /broken/],
  ])('are refused with the reason for %s', async (_what, file, message) => {
    await expect(read(file)).rejects.toThrow(message);
  });

  it('move so that the last one happens when it is sent', async () => {
    const { path } = fileOf('shift.csv', csv(...LINES));
    expect(await timeSpan(REES46, path)).toEqual({
      firstMs: Date.parse('2019-10-01T00:00:00Z'),
      lastMs: Date.parse('2019-10-01T00:02:00Z'),
    });
    const nowMs = Date.parse('2026-05-01T00:00:00Z');
    const lastAt = async (speed: number) =>
      (await shiftToNow(REES46, [path], speed, nowMs)) + Date.parse('2019-10-01T00:02:00Z') - nowMs;
    expect(await lastAt(Infinity)).toBe(0);
    expect(await lastAt(60)).toBe(2_000);
    expect(await lastAt(1)).toBe(120_000);
  });
});

describe('rows of Online Retail', () => {
  const header = 'InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country';
  const lines = [
    '536365,85123A,"HEART, ""WHITE""",6,2010-12-01 08:26:00,2.55,17850.0,United Kingdom',
    'C536379,D,Discount,-1,2010-12-01 09:41:00,27.5,,United Kingdom',
    '550193,PADS,,1,2011-04-15 09:27:00,0.001,13952.0,EIRE',
  ];
  const file = fileOf('retail.csv', `${[header, ...lines].join('\n')}\n`);

  it('become lines of invoices with their exact price, less than nothing where something is taken back', async () => {
    const rows = await collect(csvRows(RETAIL, [file]).rows({ file: 0, rowsDone: 0 }, 0));
    expect(rows.map(({ text }) => text)).toEqual([
      '{"line_id":"retail.csv#1","invoice_no":"536365","product_code":"85123A","description":"HEART, \\"WHITE\\"",' +
        '"invoiced_at":"2010-12-01T08:26:00.000Z","customer_id":"17850","country":"United Kingdom",' +
        '"quantity":6,"unit_price":2.55}',
      '{"line_id":"retail.csv#2","invoice_no":"C536379","product_code":"D","description":"Discount",' +
        '"invoiced_at":"2010-12-01T09:41:00.000Z","country":"United Kingdom","quantity":-1,"unit_price":27.5}',
      '{"line_id":"retail.csv#3","invoice_no":"550193","product_code":"PADS",' +
        '"invoiced_at":"2011-04-15T09:27:00.000Z","customer_id":"13952","country":"EIRE","quantity":1,"unit_price":0.001}',
    ]);
    expect(rows.map(({ timeMs }) => timeMs)).toEqual([
      Date.UTC(2010, 11, 1, 8, 26),
      Date.UTC(2010, 11, 1, 9, 41),
      Date.UTC(2011, 3, 15, 9, 27),
    ]);
  });

  it('have a span, and say what a file lacks that is none of theirs', async () => {
    expect(await timeSpan(RETAIL, file.path)).toEqual({
      firstMs: Date.UTC(2010, 11, 1, 8, 26),
      lastMs: Date.UTC(2011, 3, 15, 9, 27),
    });
    const other = fileOf('rees46.csv', csv(...LINES));
    await expect(collect(csvRows(RETAIL, [other]).rows({ file: 0, rowsDone: 0 }, 0))).rejects.toMatchObject({
      message: expect.stringContaining('has no column InvoiceNo') as string,
      remedy: expect.stringContaining('A file of Online Retail has InvoiceNo,') as string,
    });
  });

  it('are passed on where they cannot be read, for the gateway to say why', async () => {
    const broken = fileOf('broken.csv', `${header}\n536365,1,x,many,soon,dear,1,EIRE\n`);
    const [row] = await collect(csvRows(RETAIL, [broken]).rows({ file: 0, rowsDone: 0 }, 1000));
    expect(row?.timeMs).toBeNull();
    expect(JSON.parse(row?.text ?? '')).toMatchObject({ invoiced_at: 'soon', quantity: 'many', unit_price: 'dear' });
  });
});

describe('bodies', () => {
  const rowsOf = (...times: (number | null)[]): AsyncIterable<ReplayRow> =>
    (async function* () {
      for (const [i, timeMs] of times.entries())
        yield await Promise.resolve({ file: 0, number: i + 1, text: 'x', timeMs });
    })();
  const sizes = async (...args: Parameters<typeof replayBodies>) =>
    (await collect(replayBodies(...args))).map(({ rows }) => rows.length);

  it('hold at most so many rows and so much event time, in order', async () => {
    expect(await sizes(rowsOf(1, 2, 3, 4, 5), 2, Infinity)).toEqual([2, 2, 1]);
    expect(await sizes(rowsOf(0, 50, 100, 101, 500), 10, 100)).toEqual([3, 1, 1]);
  });

  it('know their span, whatever has no time', async () => {
    const [body] = await collect(replayBodies(rowsOf(null, 5, 9, null), 10, Infinity));
    expect(body?.span).toEqual({ firstMs: 5, lastMs: 9 });
    expect((await collect(replayBodies(rowsOf(null), 10, 1)))[0]?.span).toBeNull();
  });
});

describe('the real file', () => {
  const data = process.env['TILLSTREAM_DATA'] ?? join(__dirname, '../../../../../shared/data');
  const path = join(data, 'rees46/2019-10-01_0000-0250.csv.gz');
  const oracle = join(__dirname, '../../../../tools/oracle/commerce-oracle.mjs');
  const present = existsSync(path);
  if (!present) console.warn(`skipped: ${path} is not there (set TILLSTREAM_DATA)`);

  (present ? it : it.skip)('gives the same windows by two oracles that share nothing', async () => {
    const rows = await read({ path, size: 1 });
    expect(rows).toHaveLength(gunzipSync(readFileSync(path)).toString().trim().split('\n').length - 1);
    const partitions: OracleRecord[][] = [[], [], [], []];
    for (const row of rows) {
      const { user_id } = JSON.parse(row.text) as { user_id: string };
      const records = partitions[partitionOfKey(user_id, 4)] as OracleRecord[];
      records.push({ offset: records.length, appendMs: 1_800_000_000_000, value: Buffer.from(row.text), headers: {} });
    }
    const { finals, open, late } = expectedOutcome(plainCommerce, partitions);
    const expected = execFileSync(process.execPath, [oracle, path], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });

    const keyOf = (row: object): string => JSON.stringify(row);
    const windows = [...finals, ...open].map((row) => ({
      metric: row.metric,
      window_start: row.windowStart,
      window_end: row.windowEnd,
      group: row.group,
      measures: row.measures,
    }));
    const metrics = Object.keys(plainCommerce.metrics);
    const ofThese = (line: string) => metrics.includes((JSON.parse(line) as { metric: string }).metric);
    expect(windows.map(keyOf).sort()).toEqual(expected.trim().split('\n').filter(ofThese).sort());
    expect(late).toEqual([]);
  });
});
