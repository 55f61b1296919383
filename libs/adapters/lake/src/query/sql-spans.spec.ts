import fc from 'fast-check';
import { DuckDbSession } from '../duckdb/duckdb-session';
import { spansOf } from './sql-spans';

const TABLES = ['finals', 'sales'];
const day = (number: number): number => Date.UTC(2026, 0, number);

describe('spans of time that a text asks for', () => {
  it.each([
    [`SELECT * FROM sales WHERE window_start >= '2026-01-05'`, [day(5), Infinity]],
    [`from Sales where "window_start" > TIMESTAMPTZ '2026-01-05 00:00:00' AND a = 'or' ORDER BY 1`, [day(5), Infinity]],
    [
      `SELECT a, count(*) FILTER (WHERE a OR b) FROM sales WHERE (a OR b) AND window_start < DATE '2026-01-05' GROUP BY a`,
      [-Infinity, day(5)],
    ],
    [`SELECT * FROM sales WHERE NOT a AND window_start <= '2026-01-05T00:00:00.500Z';`, [-Infinity, day(5) + 501]],
  ])('are read from %s', (sql, [fromMs, toMs]) => {
    expect(spansOf(sql, TABLES)).toEqual({ table: 'sales', spans: [{ column: 'window_start', fromMs, toMs }] });
  });

  it.each([
    `SELECT * FROM sales WHERE window_start >= '2026-01-05' OR true`,
    `SELECT * FROM sales WHERE NOT window_start >= '2026-01-05'`,
    `SELECT * FROM sales WHERE CASE WHEN a AND window_start >= '2026-01-05' AND b THEN false ELSE true END`,
    `SELECT * FROM sales WHERE window_start BETWEEN '2026-01-01' AND window_start >= '2026-01-05'`,
    `SELECT * FROM sales WHERE window_start >= '2026-01-05' IS NOT NULL`,
    `SELECT * FROM sales WHERE (window_start >= '2026-01-05') IS NULL`,
    `SELECT * FROM sales WHERE window_start >= '2026-01-05T02:00:00+02'`,
    `SELECT * FROM sales WHERE window_start >= '2026-01-05' UNION FROM sales`,
    `SELECT * FROM sales WHERE true AND window_start >= '2026-01-05' UNION ALL TABLE sales`,
    `SELECT (SELECT max(total) FROM sales) FROM sales WHERE window_start >= '2026-01-05'`,
    `SELECT * FROM sales, finals WHERE window_start >= '2026-01-05'`,
    `SELECT * FROM sales s WHERE s.window_start >= '2026-01-05'`,
    `SELECT * FROM sales WHERE true -- AND window_start >= '2026-01-05'`,
    `SELECT E'\\' FROM sales WHERE window_start >= ''2026-01-05' FROM sales`,
    `SELECT * FROM sales WHERE a = $$ AND window_start >= '2026-01-05' AND $$`,
    `SELECT * FROM sales WHERE window_start = constructor '2026-01-05'`,
    `SELECT * FROM other WHERE window_start >= '2026-01-05'`,
  ])('are not said of %s', (sql) => {
    expect(spansOf(sql, TABLES)).toBeNull();
  });

  it('leave out nothing that the database finds', async () => {
    const session = await DuckDbSession.open({ memoryBytes: 128 * 1024 ** 2, threads: 1, temporary: null });
    await session.rows(
      `CREATE VIEW sales AS SELECT to_timestamp(${day(1) / 1_000} + n * 21600 + n % 4 / 4) AS window_start, n % 3 = 0 AS a, n FROM range(40) t(n)`,
    );
    const instant = fc
      .tuple(fc.integer({ min: 1, max: 11 }), fc.constantFrom('', ' 06:00:00', 'T12:00:00.250Z'))
      .map(([number, time]) => `'2026-01-${String(number).padStart(2, '0')}${time}'`);
    const comparison = fc
      .tuple(
        fc.constantFrom('window_start', '"window_start"', 'WINDOW_START'),
        fc.constantFrom('<', '<=', '=', '>', '>=', '<>', 'IS DISTINCT FROM'),
        fc.constantFrom('', 'TIMESTAMPTZ '),
        instant,
      )
      .map((parts) => parts.join(' '));
    const { condition } = fc.letrec<{ condition: string }>((tie) => ({
      condition: fc.oneof(
        { maxDepth: 3, withCrossShrink: true },
        { arbitrary: comparison, weight: 5 },
        fc.constantFrom('a', 'n < 30', 'NOT a'),
        fc
          .tuple(tie('condition'), fc.constantFrom(' AND ', ' AND ', ' AND ', ' OR '), tie('condition'))
          .map((parts) => parts.join('')),
        fc.tuple(fc.constantFrom('NOT ', ''), tie('condition')).map(([not, inner]) => `${not}(${inner})`),
        tie('condition').map((inner) => `NOT ${inner}`),
        fc
          .tuple(tie('condition'), tie('condition'))
          .map(([when, then]) => `CASE WHEN ${when} THEN ${then} ELSE true END`),
        fc
          .tuple(fc.constantFrom('', 'NOT '), instant, instant)
          .map(([not, from, to]) => `window_start ${not}BETWEEN ${from} AND ${to}`),
      ),
    }));
    let judged = 0;
    try {
      await fc.assert(
        fc.asyncProperty(fc.array(condition, { minLength: 1, maxLength: 3 }), async (conditions) => {
          const where = conditions.join(' AND ');
          const sql = `SELECT epoch_ms(window_start) AS ms FROM sales WHERE ${where} ORDER BY n`;
          const found = spansOf(sql, TABLES)?.spans ?? [];
          if (found.length === 0) return;
          judged += 1;
          for (const { ms } of await session.rows(sql)) {
            for (const { fromMs, toMs } of found) {
              expect(Number(ms)).toBeGreaterThanOrEqual(fromMs);
              expect(Number(ms)).toBeLessThan(toMs);
            }
          }
        }),
        { numRuns: 400 },
      );
    } finally {
      await session.close();
    }
    expect(judged).toBeGreaterThan(50);
  });
});
