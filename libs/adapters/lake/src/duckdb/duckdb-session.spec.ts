import type { FeedValue } from '@tillstream/contracts';
import fc from 'fast-check';

import type { ColumnType } from '../sql/column-type';
import { DuckDbSession } from './duckdb-session';
import type { RowSource } from './row-source';
import { writeValues } from './write-values';

let session: DuckDbSession;

beforeAll(async () => {
  session = await DuckDbSession.open({ memoryBytes: 128 * 1024 ** 2, threads: 2, temporary: null });
});
afterAll(() => session.close());

/** Values of a column `v`, each with its place `i`. */
function sourceOf(type: ColumnType, values: readonly FeedValue[]): RowSource {
  return {
    columns: [
      { name: 'i', type: 'long' },
      { name: 'v', type },
    ],
    rows: values.length,
    write: (column, vector, writer, from, count) => {
      const rows = Array.from({ length: count }, (_, i) => from + i);
      if (column === 0) writeValues(vector, writer, 'long', rows);
      else writeValues(vector, writer, type, values.slice(from, from + count));
    },
  };
}

const texts = fc.string({ unit: 'binary', maxLength: 40 });
const money = fc.bigInt({ min: -(10n ** 18n) + 1n, max: 10n ** 18n - 1n });

function moneyText(minor: bigint): string {
  const digits = (minor < 0n ? -minor : minor).toString().padStart(3, '0');
  return `${minor < 0n ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}

/** A type, values of it, and how DuckDB tells one. */
const CASES: readonly (readonly [
  string,
  ColumnType,
  fc.Arbitrary<FeedValue>,
  (value: NonNullable<FeedValue>) => unknown,
])[] = [
  ['texts', 'string', texts, (value) => value],
  ['long texts', 'string', fc.string({ unit: 'grapheme', minLength: 60, maxLength: 300 }), (value) => value],
  ['whole numbers', 'long', fc.maxSafeInteger(), String],
  ['doubles', 'double', fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => value],
  ['booleans', 'boolean', fc.boolean(), (value) => value],
  ['money', { kind: 'decimal', precision: 18, scale: 2 }, money.map(moneyText), (value) => value],
  ['lists', { kind: 'array', element: 'string' }, fc.array(texts, { maxLength: 5 }), (value) => value],
  [
    'structs',
    {
      kind: 'struct',
      fields: [
        { name: 'text', type: 'string' },
        { name: 'n', type: 'long' },
        { name: 'of', type: { kind: 'array', element: 'long' } },
      ],
    },
    fc.record({
      text: fc.option(texts),
      n: fc.option(fc.maxSafeInteger()),
      of: fc.array(fc.nat(), { maxLength: 3 }),
    }) as fc.Arbitrary<FeedValue>,
    (value) => {
      const { text, n, of } = value as { text: string | null; n: number | null; of: number[] };
      return { text, n: n === null ? null : String(n), of: of.map(String) };
    },
  ],
];

describe('rows that DuckDB reads from this process', () => {
  it.each(CASES)('are the %s that they were, in their order', (_name, type, arbitrary, told) =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.option(arbitrary), { maxLength: 60 }),
        fc.integer({ min: 1, max: 90 }),
        async (some, times) => {
          // More than one chunk now and then.
          const values = Array.from({ length: some.length * times }, (_, i) => some[(i * 7) % some.length] ?? null);
          const rows = await session.withRows(sourceOf(type, values), (from) =>
            session.rows(`SELECT i, v FROM ${from}`),
          );
          expect(rows).toEqual(values.map((value, i) => ({ i: String(i), v: value === null ? null : told(value) })));
        },
      ),
      { numRuns: 15 },
    ),
  );

  it('are instants to the millisecond, before 1970 too', async () => {
    const values = [0, -1, 1_767_571_200_123, -62_135_596_800_000, null];
    const rows = await session.withRows(sourceOf('timestamp', values), (from) =>
      session.rows(`SELECT epoch_ms(v)::BIGINT AS v FROM ${from} ORDER BY i`),
    );
    expect(rows.map(({ v }) => v)).toEqual(values.map((value) => (value === null ? null : String(value))));
  });

  it('are money with all its digits', async () => {
    const money = { kind: 'decimal', precision: 18, scale: 2 } as const;
    const rows = await session.withRows(sourceOf(money, ['1.5', '-7', '0.05']), (from) =>
      session.rows(`SELECT v FROM ${from}`),
    );
    expect(rows.map(({ v }) => v)).toEqual(['1.50', '-7.00', '0.05']);
  });

  it('are null where a value is not of the type', async () => {
    for (const [type, value] of [
      ['long', 'text'],
      ['long', 0.5],
      ['double', true],
      ['binary', 'text'],
      [{ kind: 'decimal', precision: 18, scale: 2 }, '1.234'],
      [{ kind: 'decimal', precision: 18, scale: 2 }, '12345678901234567.00'],
      [{ kind: 'array', element: 'string' }, 'text'],
      [{ kind: 'struct', fields: [{ name: 'a', type: 'long' }] }, [1]],
    ] as const satisfies readonly (readonly [ColumnType, FeedValue])[]) {
      const rows = await session.withRows(sourceOf(type, [value]), (from) => session.rows(`SELECT v FROM ${from}`));
      expect(rows).toEqual([{ v: null }]);
    }
  });

  it('are the JSON of what is no text, and the text of UTF-8', async () => {
    const values = [
      { a: [1, null] },
      new TextEncoder().encode('ü"\u{1F600} and so on, for long'),
      Uint8Array.of(0xff, 0x61),
      5,
    ];
    const rows = await session.withRows(sourceOf('string', values), (from) => session.rows(`SELECT v FROM ${from}`));
    expect(rows.map(({ v }) => v)).toEqual(['{"a":[1,null]}', 'ü"\u{1F600} and so on, for long', '\uFFFDa', '5']);
  });

  it('are read by several statements at once', async () => {
    const many = Array.from({ length: 5_000 }, (_, i) => i);
    const sums = await Promise.all(
      [1, 2, 3].map((times) =>
        session.withRows(
          sourceOf(
            'long',
            many.map((i) => i * times),
          ),
          (from) => session.rows(`SELECT sum(v) AS sum FROM ${from}`),
        ),
      ),
    );
    expect(sums).toEqual([1, 2, 3].map((times) => [{ sum: String((times * 5_000 * 4_999) / 2) }]));
  });

  it('say what went wrong where they could not be read', async () => {
    const broken: RowSource = {
      columns: [{ name: 'v', type: 'long' }],
      rows: 1,
      write: () => {
        throw new Error('there is no such row');
      },
    };
    await expect(session.withRows(broken, (from) => session.rows(`FROM ${from}`))).rejects.toThrow(
      'there is no such row',
    );
  });
});
