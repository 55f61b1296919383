import { mkdtemp, mkdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';
import fc from 'fast-check';

import { columnTypeOf, sqlType, type TypedColumn } from './column-type';
import { partitionPath, type PartitionValues } from './partition-path';
import { quoteText } from './quote';
import { readFiles } from './read-files';

const COLUMNS: readonly TypedColumn[] = [
  { name: 'id', type: 'string' },
  { name: 'server', type: 'string' },
  { name: 'price', type: { kind: 'decimal', precision: 18, scale: 2 } },
  {
    name: 'of a "metric"',
    type: {
      kind: 'struct',
      fields: [
        { name: "group's", type: 'string' },
        { name: 'n', type: 'long' },
      ],
    },
  },
  { name: 'tags', type: { kind: 'array', element: 'string' } },
  { name: 'date', type: 'date' },
];
const PARTITION_BY = ['date', 'server'];

let duckdb: DuckDBInstance;
let connection: DuckDBConnection;
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tillstream-read-files-'));
  duckdb = await DuckDBInstance.create(':memory:', { threads: '1' });
  connection = await duckdb.connect();
});

afterAll(async () => {
  connection.closeSync();
  duckdb.closeSync();
  await rm(directory, { recursive: true });
});

let files = 0;
async function aFile(partition: PartitionValues, columns: string) {
  const inTable = join(directory, String(files++), partitionPath(partition));
  await mkdir(inTable, { recursive: true });
  const local = join(inTable, 'p0.parquet');
  await connection.run(`COPY (SELECT ${columns}) TO ${quoteText(local)} (FORMAT parquet)`);
  return { local, partition };
}

async function rowsOf(sql: string) {
  return (await connection.runAndReadAll(sql)).getRowObjectsJson();
}

describe('readFiles', () => {
  it('tells the values of partition columns, whatever they are', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.oneof(
            fc.string({ unit: 'grapheme', maxLength: 9 }),
            fc.string({ minLength: 50, maxLength: 400 }),
            fc.constantFrom(
              null,
              '',
              'NULL',
              'null',
              '__HIVE_DEFAULT_PARTITION__',
              '../..',
              '.',
              'a/b=c',
              '%41',
              "it's",
            ),
          ),
          { minLength: 1, maxLength: 6 },
        ),
        async (servers) => {
          const written = [];
          for (const [i, server] of servers.entries())
            written.push(await aFile({ date: '2026-01-05', server }, `'${i}' AS id`));
          const rows = await rowsOf(
            `SELECT id, server, date FROM (${readFiles(COLUMNS, PARTITION_BY, written)}) ORDER BY id`,
          );
          expect(rows).toEqual(servers.map((server, i) => ({ id: String(i), server, date: '2026-01-05' })));
        },
      ),
      { numRuns: 30 },
    ));

  it('gives null for columns that a file does not have', async () => {
    const old = await aFile({ date: '2026-01-05', server: 'a' }, "'old' AS id");
    const young = await aFile(
      { date: '2026-01-06', server: 'a' },
      `1.5::DECIMAL(18,2) AS price, 'new' AS id, {'group''s': 'DE', 'n': 7::BIGINT} AS "of a ""metric""", ['x'] AS tags`,
    );
    expect(await rowsOf(`FROM (${readFiles(COLUMNS, PARTITION_BY, [old, young])}) ORDER BY date`)).toEqual([
      { id: 'old', server: 'a', price: null, 'of a "metric"': null, tags: null, date: '2026-01-05' },
      {
        id: 'new',
        server: 'a',
        price: '1.50',
        'of a "metric"': { "group's": 'DE', n: '7' },
        tags: ['x'],
        date: '2026-01-06',
      },
    ]);
  });

  it('has every column, with its type, without a file', async () => {
    const reader = await connection.runAndReadAll(`DESCRIBE (${readFiles(COLUMNS, PARTITION_BY, [])})`);
    const types = reader.getRows().map(([name, type]) => `${String(name)} ${String(type)}`);
    expect(types.map((text) => text.replaceAll('"', ''))).toEqual(
      COLUMNS.map(({ name, type }) => `${name} ${sqlType(type)}`.replaceAll('"', '')),
    );
  });

  it('opens only the files of the directories that a condition leaves', async () => {
    const old = await aFile({ date: '2026-01-05', server: 'a' }, "'old' AS id");
    const young = await aFile({ date: '2026-01-06', server: 'a' }, "'new' AS id");
    const sql = `SELECT id FROM (${readFiles(COLUMNS, PARTITION_BY, [old, young])}) WHERE date >= DATE '2026-01-06'`;
    const plan = await connection.runAndReadAll(`EXPLAIN ANALYZE ${sql}`);
    expect(String(plan.getRows()[0]?.[1])).toContain('Scanning Files: 1/2');
  });
});

describe('sqlType', () => {
  it('names a type for each that a feed has', () => {
    const types = [
      'string',
      'int',
      'double',
      'money',
      'decimal',
      'bool',
      'timestamp',
      'strings',
      'json',
      'bytes',
    ] as const;
    expect(types.map((type) => sqlType(columnTypeOf(type, 3)))).toEqual([
      'VARCHAR',
      'BIGINT',
      'DOUBLE',
      'DECIMAL(18,3)',
      'VARCHAR',
      'BOOLEAN',
      'TIMESTAMPTZ',
      'VARCHAR[]',
      'VARCHAR',
      'BLOB',
    ]);
  });
});
