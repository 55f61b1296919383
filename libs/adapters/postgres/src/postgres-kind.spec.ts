import { aSink, aSinkEnvironment, sinkStream } from '@tillstream/engine/testing';
import type { FeedValue } from '@tillstream/contracts';
import { readAddress } from './postgres-address';
import { postgresSinkKind } from './postgres-kind';
import { columnName, tableName, viewName } from './table-names';

const places = new Map([
  ['', { line: 10, column: 3 }],
  ['where', { line: 12, column: 12 }],
  ['flush', { line: 13, column: 5 }],
]);

function problemsOf(
  where: string | null,
  settings: Readonly<Record<string, FeedValue>> = {},
  variables: Readonly<Record<string, string>> = {},
): readonly string[] {
  const sink = aSink({ name: 'bi', type: 'postgres', where, settings, places });
  const opened = postgresSinkKind.open(sink, sinkStream(), aSinkEnvironment(variables));
  return opened.ok
    ? []
    : opened.problems.map(({ line, column, path, message }) => `${line}:${column} ${path} ${message}`);
}

describe('a declared PostgreSQL', () => {
  it('needs an address only, in the stream file or in the environment', () => {
    expect(problemsOf('postgres://db:5432/shop')).toEqual([]);
    expect(problemsOf(null, {}, { WHERE: 'postgres://db/shop' })).toEqual([]);
    expect(problemsOf(null)).toEqual([
      '12:12 sinks.bi.where is missing: say postgres://host:5432/database here or in TILLSTREAM_SINK_BI_WHERE',
    ]);
  });

  it('is told everything that is wrong with it at once, each at its place', () => {
    expect(problemsOf('postgres://me:secret@db/shop', { shema: 'x', flush: { rows: 0 } })).toEqual([
      '13:5 sinks.bi.flush.rows Too small: expected number to be >=1',
      '10:3 sinks.bi.shema unknown key: did you mean schema?',
      '12:12 sinks.bi.where must be without credentials',
    ]);
  });

  it.each([
    ['http://db/shop', 'must be like postgres://host:5432/database'],
    ['postgres://db', 'must be like postgres://host:5432/database'],
    ['postgres://db/shop?sslmode=prefer', 'sslmode must be one of disable, require, verify-full, not prefer'],
    ['postgres://db/shop?user=me', 'knows no user in the address, only sslmode'],
  ])('is not at %s', (where, problem) => {
    expect(problemsOf(where)).toEqual([`12:12 sinks.bi.where ${problem}`]);
  });

  it('is reached by name, IPv6 address and port, with or without TLS', () => {
    expect(readAddress('postgresql://[::1]:6543/a%20b?sslmode=verify-full')).toEqual({
      ok: true,
      address: { host: '::1', port: 6543, database: 'a b', tls: 'verified' },
    });
  });
});

describe('names', () => {
  it('of tables are those of feeds, and of metrics with what they mean', () => {
    expect(tableName({ name: 'sessions' })).toBe('sessions');
    expect(tableName({ name: 'revenue@0123abcd' })).toBe('revenue_0123abcd');
    expect(viewName({ metric: 'revenue' })).toBe('revenue');
    expect(viewName({ metric: 'sessions' })).toBe('sessions_finals');
    expect(viewName({ metric: null })).toBe(null);
  });

  it('that are too long for PostgreSQL are cut and stay different', () => {
    const long = 'm'.repeat(64);
    const names = [tableName({ name: `${long}@0123abcd` }), tableName({ name: `${long}@0123abce` }), columnName(long)];
    for (const name of names) expect(Buffer.byteLength(name)).toBeLessThanOrEqual(63);
    expect(new Set(names).size).toBe(3);
  });
});
