import { randomBytes } from 'node:crypto';
import type { Feed, StreamDefinition } from '@tillstream/contracts';
import { DuckDbSession } from '../duckdb/duckdb-session';
import type { ObjectStore } from '../store/object-store';
import { LakeTable } from '../table/lake-table';
import type { TableInCare } from './rewriting';
import { sortColumns } from './sort-columns';

const MEMORY_BYTES = 1024 ** 3;
const THREADS = 2;

/** For whoever keeps a lake by hand, beside the processes that write to it: gives the tables, with a database of their own. */
export async function withLakeCare<T>(
  definition: StreamDefinition,
  store: ObjectStore,
  signal: AbortSignal,
  work: (care: (feed: Feed) => TableInCare) => Promise<T>,
): Promise<T> {
  const session = await DuckDbSession.open({ memoryBytes: MEMORY_BYTES, threads: THREADS, temporary: null });
  try {
    return await work((feed) => ({
      ...{ store, session, signal },
      table: new LakeTable(store, `${definition.schema.stream}/${feed}`),
      orderBy: sortColumns(definition, feed),
      inTurn: (rewrite) => rewrite(),
      random: { hex: (bytes) => randomBytes(bytes).toString('hex') },
      nowMs: () => Date.now(),
    }));
  } finally {
    await session.close();
  }
}
