import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCli } from '../run-cli';
import { recordingContext } from '../testing/recording-context';

const STREAM = `stream: shop
partitions: 1
key: [user]
eventTime: {field: at, outOfOrderness: 1s}
fields: {at: {type: timestamp}, user: {type: string}, amount: {type: money, optional: true}}
money: {currency: USD}
`;

describe('till export', () => {
  const directory = mkdtempSync(join(tmpdir(), 'till-export-'));
  const [lake, streamFile] = [join(directory, 'lake'), join(directory, 'shop.yaml')];
  let files = 0;

  beforeAll(async () => {
    writeFileSync(streamFile, STREAM);
    const { DuckDbSession, LakeTable, NO_ACCESS, openObjectStore } = await import('@tillstream/adapter-lake');
    const store = openObjectStore(lake, NO_ACCESS);
    await store.prepare();
    const file = join(directory, 'rows.parquet');
    const session = await DuckDbSession.open({ memoryBytes: 128 * 1024 ** 2, threads: 1, temporary: null });
    await session.rows(
      `COPY (SELECT 0::BIGINT AS "_partition", i::BIGINT AS "_offset", 0::BIGINT AS "_index", NULL::TIMESTAMPTZ AS "_append_time",
        to_timestamp(1767571200 + i) AS "at", 'ann' AS "user", (i * 0.5)::DECIMAL(18,2) AS amount FROM range(3) t(i))
        TO '${file}' (FORMAT parquet)`,
    );
    await session.close();
    const path = 'date=2026-01-05/p0-0-3.parquet';
    await store.putIfAbsent(`shop/events/${path}`, { file });
    await new LakeTable(store, 'shop/events', () => 0).commit(() => ({
      columns: [
        { name: 'date', type: 'date' },
        ...['_partition', '_offset', '_index'].map((name) => ({ name, type: 'long' as const })),
        ...['_append_time', 'at'].map((name) => ({ name, type: 'timestamp' as const })),
        { name: 'user', type: 'string' },
        { name: 'amount', type: { kind: 'decimal', precision: 18, scale: 2 } },
      ],
      partitionBy: ['date'],
      add: [{ path, bytes: 1, rows: 3, partition: { date: '2026-01-05' }, min: {}, max: {}, addedMs: Date.now() }],
      ...{ remove: [], dataChange: true },
    }));
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  async function till(...args: string[]) {
    const file = join(directory, `out-${(files += 1)}.csv`);
    const where = ['--stream', 'shop', '--stream-files', streamFile];
    const context = recordingContext();
    const code = await runCli(['export', ...args.map((arg) => (arg === 'FILE' ? file : arg)), ...where], context);
    return { code, notes: context.notes(), file };
  }

  it('writes the rows of a range and says how many', async () => {
    const range = ['--from', '2026-01-05T00:00:01Z', '--to', '2026-01-05T00:00:03Z'];
    const done = await till('events', 'FILE', '--lake', lake, ...range, '--columns', 'user,amount,_offset');
    expect(done).toMatchObject({ code: 0, notes: expect.stringContaining('2 rows of events in') });
    expect(readFileSync(done.file, 'utf8')).toBe('user,amount,_offset\nann,0.50,1\nann,1.00,2\n');
    expect(await till('events', done.file, '--lake', lake)).toMatchObject({
      code: 1,
      notes: expect.stringContaining('is there already'),
    });
  });

  it.each([
    [['events', 'x.csv', '--lake', join(directory, 'elsewhere')], 'has no table shop/events'],
    [['late', 'x.csv', '--lake', lake], 'has no table shop/late'],
    [['sessions', 'x.csv', '--lake', lake], 'declares no sessions'],
    [['events', 'x.xls', '--lake', lake], 'does not say its format'],
    [['events', 'x.csv', '--lake', 'ftp://lake'], 'cannot be at ftp://lake'],
    [
      ['events', 'x.csv', '--lake', lake, '--columns', 'usr'],
      'There are _partition, _offset, _index, _append_time, at, user',
    ],
    [['events', 'x.csv', '--lake', lake, '--metric', 'm'], 'is about finals'],
  ])('says what is wrong with %j', async (args, problem) => {
    expect(await till(...args)).toMatchObject({ code: 1, notes: expect.stringContaining(problem) });
  });
});
