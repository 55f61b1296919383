import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';
import { quoteText } from './quote';

/** What a database may take of the machine. */
export interface DatabaseBounds {
  readonly memoryMiB: number;
  readonly threads: number;
  /** Where what does not fit into memory goes meanwhile; absent: the system's directory for such files. */
  readonly directory?: string;
}

/** A database in memory with one connection. */
export interface Database {
  readonly connection: DuckDBConnection;
  readonly close: () => Promise<void>;
}

/** Opens a DuckDB of one's own: it loads nothing from outside, its instants are in UTC, and it spills into a directory that ends with it. */
export async function openDatabase({ memoryMiB, threads, directory = tmpdir() }: DatabaseBounds): Promise<Database> {
  const spill = await mkdtemp(join(directory, 'tillstream-duckdb-'));
  const instance = await DuckDBInstance.create(':memory:', {
    memory_limit: `${memoryMiB}MiB`,
    threads: String(threads),
    temp_directory: spill,
    autoinstall_known_extensions: 'false',
  });
  const connection = await instance.connect();
  await connection.run(`SET TimeZone = ${quoteText('UTC')}`);
  return {
    connection,
    close: async () => {
      connection.closeSync();
      instance.closeSync();
      await rm(spill, { recursive: true, force: true });
    },
  };
}
