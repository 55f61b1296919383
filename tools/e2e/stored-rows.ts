import { DuckDbSession, LakeTable, openObjectStore, readFiles, type StoreAccess } from '@tillstream/adapter-lake';
import { Client } from 'pg';

const MEMORY_BYTES = 128 * 1024 ** 2;
const UNDEFINED_TABLE = '42P01';
const COUNTS = 'count(*) AS a, count(DISTINCT (_partition, _offset, _index)) AS b, count(DISTINCT event_id) AS c';

/** How many events a store has: rows, places in the raw log that they are of, and ids. All are equal where each is there once. */
export interface StoredEvents {
  readonly rows: number;
  readonly places: number;
  readonly ids: number;
}

const NOTHING: StoredEvents = { rows: 0, places: 0, ids: 0 };

/** A store that has each of so many events once. */
export const eachOnce = (events: number): StoredEvents => ({ rows: events, places: events, ids: events });

/** @param where directory or `s3://bucket/prefix` of the lake */
export async function eventsInLake(where: string, access: StoreAccess, stream: string): Promise<StoredEvents> {
  const table = new LakeTable(openObjectStore(where, access), `${stream}/events`);
  const snapshot = await table.snapshot();
  if (snapshot === null) return NOTHING;
  const files = await Promise.all(
    [...snapshot.files.values()].map(async (file) => ({ local: await table.local(file), partition: file.partition })),
  );
  const session = await DuckDbSession.open({ memoryBytes: MEMORY_BYTES, threads: 1, temporary: null });
  try {
    const [row] = await session.rows(
      `SELECT ${COUNTS} FROM (${readFiles(snapshot.columns, snapshot.partitionBy, files)})`,
    );
    return counted(Object.values(row ?? {}));
  } finally {
    await session.close();
  }
}

/** None as long as the table is not there. */
export async function eventsInPostgres(
  { port, user, password }: { readonly port: number; readonly user: string; readonly password: string },
  stream: string,
): Promise<StoredEvents> {
  const client = new Client({ host: '127.0.0.1', port, user, password, database: 'postgres' });
  await client.connect();
  try {
    const { rows } = await client.query({ text: `SELECT ${COUNTS} FROM "${stream}".events`, rowMode: 'array' });
    return counted((rows as unknown[][])[0] ?? []);
  } catch (error) {
    if ((error as { readonly code?: string }).code === UNDEFINED_TABLE) return NOTHING;
    throw error;
  } finally {
    await client.end();
  }
}

const counted = ([rows, places, ids]: readonly unknown[]): StoredEvents => ({
  rows: Number(rows),
  places: Number(places),
  ids: Number(ids),
});

const KINDS = ['page_view', 'add_to_cart', 'purchase'];
const SPACING_MS = 200;

/** The n-th event of a shop that began then, as JSON text. */
export function shopEvent(n: number, startMs: number): string {
  return JSON.stringify({
    event_id: `e${n}`,
    event_type: KINDS[n % KINDS.length],
    timestamp: new Date(startMs + n * SPACING_MS).toISOString(),
    user_id: `u${n % 50}`,
    product_id: `p${n % 7}`,
    category: `c${n % 3}`,
    price: 9.95,
    quantity: 1,
  });
}
