import type { FeedColumnType, FeedRow, FeedTable, FeedValue } from '@tillstream/contracts';
import { feedTables } from '@tillstream/contracts';
import type { StoredRow } from '@tillstream/engine/testing';
import { describeSink, sinkStream } from '@tillstream/engine/testing';
import * as fc from 'fast-check';
import { SQL_TYPES } from './value-writers';
import { tableName } from './table-names';
import { Door } from './testing/door';
import { PostgresUnderTest } from './testing/postgres-under-test';

let postgres: PostgresUnderTest | null = null;
let schemas = 0;

beforeAll(async () => {
  postgres = await PostgresUnderTest.start({ fsync: 'off' });
}, 120_000);
afterAll(() => postgres?.stop());

describeSink('PostgresSink', { once: true }, async (definition) => {
  if (postgres === null) return null;
  const store = postgres;
  const schema = `s${(schemas += 1)}`;
  const door = await Door.open(store.server.port);
  return {
    connect: () => store.sink(definition, { port: door.port, settings: { schema, timeout: '5s' } }),
    stored: (feed) => storedRows(store, schema, feedTables(definition, feed)),
    poisoned: (row) => ({ ...row, values: { ...row.values, definition: 'a\0b' } }),
    cutOff: async () => {
      door.shut();
      return async () => door.reopen();
    },
    close: async () => {
      await door.close();
      await store.query(`DROP SCHEMA IF EXISTS ${schema} CASCADE`);
    },
  };
});

const TYPES: readonly FeedColumnType[] = [
  ...(['string', 'int', 'double', 'money', 'decimal', 'bool', 'timestamp', 'strings', 'json', 'bytes'] as const),
];

const text = fc.string({
  unit: fc.oneof(fc.constantFrom('\u0001', '"', '\\', '\n', '{', 'ä', '😀', ','), fc.string({ maxLength: 3 })),
});
const storable = text.map((value) => value.replaceAll('\0', '').toWellFormed());
const decimal = fc
  .tuple(fc.boolean(), fc.stringMatching(/^\d{1,25}$/), fc.option(fc.stringMatching(/^\d{1,17}$/)))
  .map(([isNegative, whole, fraction]) => `${isNegative ? '-' : ''}${whole}${fraction === null ? '' : `.${fraction}`}`);
const instant = fc.integer({ min: Date.UTC(-4000, 0), max: Date.UTC(275_000, 0) });
const anyValues: fc.Arbitrary<Record<string, FeedValue>> = fc.record(
  {
    string: storable,
    int: fc.maxSafeInteger(),
    double: fc.double(),
    money: decimal,
    decimal,
    bool: fc.boolean(),
    timestamp: instant,
    strings: fc.array(fc.option(storable)),
    json: fc.dictionary(storable, fc.oneof(storable, fc.maxSafeInteger(), fc.constant(null))),
    bytes: fc.uint8Array(),
  },
  { requiredKeys: [] },
);

/** As PostgreSQL reads it in a statement: by its own parsers, which the sink never uses. */
function written(type: FeedColumnType, value: FeedValue | undefined): unknown {
  if (value === undefined || value === null) return null;
  if (type === 'timestamp') {
    const date = new Date(value as number);
    const year = date.getUTCFullYear();
    const rest = date.toISOString().replace(/^[+-]?\d+/, '');
    return `${String(year > 0 ? year : 1 - year).padStart(4, '0')}${rest}${year > 0 ? '' : ' BC'}`;
  }
  if (type === 'json') return JSON.stringify(value);
  return type === 'bytes' ? Buffer.from(value as Uint8Array) : value;
}

it('stores every value as it is', async () => {
  if (postgres === null) return;
  const store = postgres;
  const definition = sinkStream();
  const sink = store.sink(definition, { settings: { schema: 'values' } });
  await sink.prepare();
  const table: FeedTable = {
    ...{ feed: 'late', name: 'late', metric: null },
    columns: TYPES.map((type) => ({ name: type, type })),
  };
  const partition = await sink.open('late', 0, [table]);
  const all = fc.sample(anyValues, { numRuns: 300, seed: 7 });
  const rows = all.map((values, offset): FeedRow => ({
    ...{ table: 'late', id: String(offset), version: offset, timeMs: 0, partition: 0, offset, index: 0, record: null },
    values,
  }));
  await partition.add({ from: 0, next: rows.length, rows: { kind: 'rows', rows } });
  await partition.flush((refused) => Promise.reject(new Error(refused.map(({ reason }) => reason).join('; '))));
  await sink.close();
  const same = TYPES.map((type, i) => `"${type}" IS NOT DISTINCT FROM $${i + 2}::${SQL_TYPES[type]} AS "${type}"`);
  const client = await store.connect();
  try {
    for (const { id, values } of rows) {
      const parameters = [id, ...TYPES.map((type) => written(type, values[type]))];
      const { rows: found } = await client.query(
        `SELECT ${same.join(', ')} FROM values.late WHERE __id = $1`,
        parameters,
      );
      expect({ values, found }).toEqual({ values, found: [Object.fromEntries(TYPES.map((type) => [type, true]))] });
    }
  } finally {
    await client.end();
  }
});

async function storedRows(
  store: PostgresUnderTest,
  schema: string,
  tables: readonly FeedTable[],
): Promise<readonly StoredRow[]> {
  const rows = tables.map(async (table) => {
    const name = `${schema}."${tableName(table)}"`;
    const [found] = await store.query('SELECT to_regclass($1) IS NOT NULL AS there', [name]);
    if (found?.['there'] !== true) return [];
    return (await store.query(`SELECT __id FROM ${name}`)).map((row) => ({
      table: table.name,
      id: String(row['__id']),
    }));
  });
  return (await Promise.all(rows)).flat();
}
