import type { FeedTable } from '@tillstream/contracts';
import { feedTables } from '@tillstream/contracts';
import type { StoredRow } from '@tillstream/engine/testing';
import { describeSink } from '@tillstream/engine/testing';
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
