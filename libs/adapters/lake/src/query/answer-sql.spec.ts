import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';
import { answerSql } from './answer-sql';
import type { SqlAnswer, SqlLimits, SqlOutcome } from './sql-question';

const LIMITS: SqlLimits = { rows: 1_000, bytes: 1_000_000, memoryMiB: 256, threads: 2, timeoutMs: 20_000 };

let directory: string;
let events: string;
let secret: string;
let duckdb: DuckDBInstance;
let connection: DuckDBConnection;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tillstream-sql-'));
  events = join(directory, "events of o'hara.parquet");
  secret = join(directory, 'other.parquet');
  duckdb = await DuckDBInstance.create(':memory:');
  connection = await duckdb.connect();
  for (const file of [events, secret]) {
    await connection.run(
      `COPY (SELECT i AS n, 'u' || i % 3 AS "user", (i * 0.25)::DECIMAL(18, 2) AS price, TIMESTAMPTZ '2026-01-05 00:00:00+00' + i * INTERVAL 1 MINUTE AS ts, [i, i + 1] AS tags, {'a': i} AS s FROM range(1000) t(i)) TO '${file.replaceAll("'", "''")}' (FORMAT parquet)`,
    );
  }
  await writeFile(join(directory, 'secret.txt'), 'hidden');
});

afterAll(async () => {
  connection.closeSync();
  duckdb.closeSync();
  await rm(directory, { recursive: true });
});

const ask = (sql: string, limits: Partial<SqlLimits> = {}): Promise<SqlOutcome> =>
  answerSql({
    sql,
    names: ['events'],
    views: [{ name: 'events', body: `SELECT * FROM read_parquet('${events.replaceAll("'", "''")}')` }],
    files: [events],
    limits: { ...LIMITS, ...limits },
  });

async function answered(sql: string, limits?: Partial<SqlLimits>): Promise<SqlAnswer> {
  const outcome = await ask(sql, limits);
  if (outcome.kind !== 'answer') throw new Error(`${sql}: ${outcome.message}`);
  return outcome.answer;
}

describe('SQL over views', () => {
  it('is answered with columns and values that lose nothing', async () => {
    const { columns, rows, truncated } = await answered(
      'SELECT n, "user", price, ts, tags, s, n * 10000000000000000000 AS big, 9007199254740993 AS large, 2.0::DOUBLE AS two, true AS yes, NULL AS nothing FROM events WHERE n = 7',
    );
    expect(columns.map(({ name, type }) => `${name} ${type}`)).toEqual(
      expect.arrayContaining(['n BIGINT', 'user VARCHAR', 'price DECIMAL(18,2)', 'ts TIMESTAMP WITH TIME ZONE']),
    );
    expect(rows).toEqual([
      [
        ...[{ integer: '7' }, { text: 'u1' }, { decimal: '1.75' }, { text: '2026-01-05T00:07:00.000Z' }],
        ...[{ list: { values: [{ integer: '7' }, { integer: '8' }] } }, { text: '{"a":7}' }],
        ...[{ decimal: '70000000000000000000' }, { integer: '9007199254740993' }, { number: 2 }, { flag: true }, {}],
      ],
    ]);
    expect(truncated).toBe(false);
  });

  const queries = [
    `SELECT "user", count(*) AS n, sum(price) FROM events GROUP BY ALL ORDER BY 2 DESC LIMIT 10`,
    `SELECT time_bucket(INTERVAL 10 MINUTE, ts) AS w, count(*) FILTER ("user" = 'u1') FROM events GROUP BY w`,
    `SELECT *, row_number() OVER (PARTITION BY "user" ORDER BY ts) AS r FROM events QUALIFY r <= 3`,
    `WITH a AS (SELECT * FROM events), b AS (FROM a) SELECT count(*) FROM b JOIN a USING (n)`,
    `WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 10) SELECT max(n) FROM t`,
    `SELECT list_transform(tags, x -> x * 2)[1], s.a, CASE WHEN n > 3 THEN 'x' END, n BETWEEN 1 AND 2, n IN (1, 2) FROM events LIMIT 3`,
    `SELECT unnest(tags) FROM events WHERE "user" LIKE 'u%' AND "user" NOT ILIKE 'U3' UNION SELECT 3 EXCEPT SELECT 4`,
    `SELECT e.n FROM events e, unnest(e.tags) AS t(tag), range(3) r(i) WHERE EXISTS (SELECT 1 FROM events WHERE n = e.n)`,
    `SELECT COLUMNS('n|price') FROM events ORDER BY ALL`,
    `SELECT count(DISTINCT "user"), string_agg("user", ',' ORDER BY n), quantile_cont(n, 0.5), ts::DATE FROM events GROUP BY CUBE (ts::DATE)`,
    `DESCRIBE events`,
    `SUMMARIZE events`,
    `SHOW TABLES`,
    `VALUES (1), (2)`,
    `SELECT "user" COLLATE NOCASE, DATE '2026-01-05' + INTERVAL 1 DAY, ts AT TIME ZONE 'Europe/Berlin', try_cast('x' AS INTEGER) FROM EVENTS`,
  ];
  it.each(queries)('may say %s', async (sql) => {
    expect((await answered(sql)).rows.length).toBeGreaterThan(0);
  });

  it('is cut behind so many rows and bytes, and says so', async () => {
    expect(await answered('SELECT n FROM events', { rows: 10 })).toMatchObject({
      truncated: true,
      rows: { length: 10 },
    });
    expect(await answered('SELECT n FROM events', { rows: 1_000 })).toMatchObject({ truncated: false });
    const bytes = await answered('SELECT n FROM events', { bytes: 50 });
    expect(bytes.truncated).toBe(true);
    expect(bytes.rows.length).toBeLessThan(20);
  });
});

describe('SQL that reaches for more', () => {
  const hostile = [
    `SELECT * FROM '/etc/passwd'`,
    `SELECT * FROM read_csv('/etc/passwd')`,
    `SELECT * FROM read_text('/etc/passwd')`,
    `SELECT * FROM (SELECT 1 WHERE EXISTS (FROM glob('/etc/*')))`,
    `SELECT * FROM query('SELECT 1')`,
    `SELECT * FROM query_table('events')`,
    `SELECT current_setting('temp_directory')`,
    `SELECT getvariable('x')`,
    `SELECT getenv('PATH')`,
    `SELECT sleep_ms(100000)`,
    `SELECT json_deserialize_sql('{}')`,
    `SELECT * FROM json_execute_serialized_sql('{}')`,
    `SELECT * FROM duckdb_settings()`,
    `SELECT * FROM duckdb_settings`,
    `SELECT * FROM information_schema.tables`,
    `SELECT * FROM main.events`,
    `SELECT * FROM memory.main.events`,
    `SELECT pg_catalog.pg_sleep(1)`,
    `SELECT * FROM (WITH duckdb_views AS (SELECT 1) SELECT 1), duckdb_views`,
    `WITH duckdb_views AS (SELECT * FROM duckdb_views) SELECT * FROM duckdb_views`,
    `WITH RECURSIVE duckdb_views AS (SELECT view_name FROM duckdb_views UNION ALL SELECT view_name FROM duckdb_views) FROM duckdb_views`,
    `SHOW ALL TABLES`,
    `SHOW DATABASES`,
    `DESCRIBE duckdb_settings`,
    `SELECT list_transform(['/etc/passwd'], x -> read_text(x))`,
    `SELECT nextval('s')`,
    `SELECT n FROM events ORDER BY current_setting('threads')`,
    `SELECT sum(n) OVER (ORDER BY getvariable('x')) FROM events`,
    `SELECT n FROM events LIMIT (SELECT count(*) FROM glob('*'))`,
    `SELECT $1`,
    `SELECT 1; SELECT 2`,
    ``,
    `COPY events TO 'x.csv'`,
    `COPY (SELECT 1) TO '/tmp/x'`,
    `INSERT INTO events VALUES (1)`,
    `CREATE TABLE x AS SELECT 1`,
    `DROP VIEW events`,
    `ATTACH 'x.db'`,
    `INSTALL httpfs`,
    `LOAD '/tmp/x.so'`,
    `SET memory_limit = '100GB'`,
    `SET enable_external_access = true`,
    `PRAGMA database_list`,
    `CALL pragma_version()`,
    `EXPLAIN ANALYZE SELECT 1`,
    `EXPORT DATABASE 'x'`,
    `SELECT * FROM events AT (VERSION => 1)`,
  ];
  it.each(hostile)('is refused: %s', async (sql) => {
    expect(await ask(sql)).toMatchObject({ kind: 'refused' });
  });

  it('is refused for every function that stands as a table, but for three that compute', async () => {
    const functions = await connection.runAndReadAll(
      `SELECT DISTINCT function_name FROM duckdb_functions() WHERE function_type IN ('table', 'table_macro', 'pragma')`,
    );
    const names = functions.getRows().map(([name]) => String(name));
    expect(names).toEqual(expect.arrayContaining(['read_parquet', 'glob', 'duckdb_secrets']));
    const passed: string[] = [];
    for (const name of names) {
      const outcome = await ask(`SELECT * FROM ${name}()`);
      expect(outcome.kind).toBe('refused');
      const isGuarded = outcome.kind === 'refused' && /cannot be read as a table|syntax error/.test(outcome.message);
      if (!isGuarded) passed.push(name);
    }
    expect(passed.sort()).toEqual(['generate_series', 'range', 'unnest']);
  }, 60_000);

  it('meets a database that would not let it out either', async () => {
    const outside = { sql: 'SELECT * FROM events', names: ['events'], files: [events], limits: LIMITS };
    const bodies = [`SELECT * FROM read_parquet('${secret}')`, `SELECT * FROM read_text('${directory}/secret.txt')`];
    for (const body of bodies) {
      await expect(answerSql({ ...outside, views: [{ name: 'events', body }] })).rejects.toThrow(/Permission Error/);
    }
  });

  it('reads a view for less where all of its columns are there, and as it is where one is not', async () => {
    const rest = { sql: 'SELECT count(*) AS n FROM events', names: ['events'], files: [events], limits: LIMITS };
    const from = `FROM read_parquet('${events.replaceAll("'", "''")}')`;
    const of = async (cheaper: string) => answerSql({ ...rest, views: [{ name: 'events', body: from, cheaper }] });
    expect(await of(`SELECT n ${from} WHERE n = 7`)).toMatchObject({ answer: { rows: [[{ integer: '1' }]] } });
    expect(await of(`SELECT nowhere ${from} WHERE n = 7`)).toEqual(await ask(rest.sql));
  });

  it('is told what there is', async () => {
    expect(await ask('SELECT * FROM sales')).toEqual({
      kind: 'refused',
      message: 'there is no table "sales" to read; there is events',
    });
    const declared = { sql: 'SELECT * FROM late', names: ['late'], views: [], files: [], limits: LIMITS };
    expect(await answerSql(declared)).toMatchObject({ kind: 'refused', message: /no rows of late yet: .* a minute/ });
    expect(await ask('SELECT nope FROM events')).toMatchObject({ kind: 'refused', message: /nope.* not found/s });
    expect(await ask('SELEC 1')).toMatchObject({ kind: 'refused', message: /the SQL cannot be read: syntax error/ });
  });
});

describe('SQL that would run on and on', () => {
  it('ends with its time', async () => {
    const outcome = await ask('SELECT count(*) FROM range(100000000000) a, range(1000000) b', { timeoutMs: 200 });
    expect(outcome).toEqual({ kind: 'limit', what: 'time', message: expect.stringContaining('longer than 0.2 s') });
  });

  it('ends with its memory, and writes none of it to a disk', async () => {
    const outcome = await ask(
      'SELECT count(*) FROM (SELECT DISTINCT a.i, b.i FROM range(20000) a(i), range(20000) b(i))',
      {
        memoryMiB: 64,
      },
    );
    expect(outcome).toMatchObject({ kind: 'limit', what: 'memory' });
  });

  it('ends when nobody waits for it any more', async () => {
    const gone = new AbortController();
    const sql = 'SELECT count(*) FROM range(100000000000) a, range(1000000) b';
    const asked = answerSql({ sql, names: [], views: [], files: [], limits: LIMITS }, gone.signal);
    setTimeout(() => gone.abort(), 300);
    expect(await asked).toMatchObject({ kind: 'limit' });
  });
});
