import type * as LakeLibrary from '@tillstream/adapter-lake';
import type { DuckDbSession, LakeTable, ObjectStore, TableSnapshot } from '@tillstream/adapter-lake';
import { sinkVariables } from '@tillstream/config';
import { lakeBelow } from '@tillstream/contracts';
import type { Feed, StreamDefinition } from '@tillstream/contracts';
import { SinkRefusedError, SinkUnavailableError, addressOf } from '@tillstream/engine';
import { CliError, type CliContext } from '../cli-context';

/** What is too much for memory goes to files meanwhile. */
const BOUNDS = { memoryBytes: 1024 ** 3, threads: 2, temporary: null };

/** The lake of a stream. */
export interface OpenedLake {
  /** Loaded only where a lake is opened, since it brings a database with it. */
  readonly library: typeof LakeLibrary;
  readonly store: ObjectStore;
  readonly session: DuckDbSession;
  table(feed: Feed): LakeTable;
}

/** What commands have that work with the lake. */
export interface LakeOptions {
  readonly lake?: string;
}

/** How `--lake` is described. */
export const LAKE_OPTION = [
  '--lake <where>',
  'directory or s3://bucket of the lake (default: TILLSTREAM_SINK_LAKE_WHERE, else what the stream file says)',
] as const;

/**
 * Opens the lake of a stream, and says what the store says when something is wrong with it.
 *
 * @throws CliError with the remedy
 */
export async function withLake<T>(
  definition: StreamDefinition,
  { lake: named }: LakeOptions,
  { environment }: Pick<CliContext, 'environment'>,
  work: (lake: OpenedLake) => Promise<T>,
): Promise<T> {
  const { stream } = definition.schema;
  const declared = definition.sinks?.find(({ type }) => type === 'lake');
  const variables = sinkVariables(environment, 'lake');
  const where = named ?? (declared ? addressOf(declared, { variables }) : (variables['WHERE'] ?? null));
  if (where === null) {
    throw new CliError(
      `it is not said where the lake of ${stream} is`,
      'Name it with --lake or TILLSTREAM_SINK_LAKE_WHERE, or declare lake: {where: …} in the stream file. `npm start` keeps it in .tillstream/lake.',
    );
  }
  const library = await import('@tillstream/adapter-lake');
  try {
    const store = library.openObjectStore(lakeBelow(where, definition), library.accessOf(variables));
    const session = await library.DuckDbSession.open(BOUNDS);
    try {
      const table = (feed: Feed): LakeTable => new library.LakeTable(store, `${stream}/${feed}`);
      return await work({ library, store, session, table });
    } finally {
      await session.close();
    }
  } catch (error) {
    if (error instanceof SinkRefusedError || error instanceof SinkUnavailableError) throw new CliError(error.message);
    throw error;
  }
}

/** A table of the lake as it is now. @throws CliError when there is none yet */
export async function existingTable(
  lake: OpenedLake,
  feed: Feed,
): Promise<{ table: LakeTable; snapshot: TableSnapshot }> {
  const table = lake.table(feed);
  const snapshot = await table.snapshot();
  if (snapshot === null) {
    throw new CliError(
      `${lake.store.address} has no table ${table.path}`,
      'Is it the right place, and has the sink-writer written to it? `till lag` shows how far it is.',
    );
  }
  return { table, snapshot };
}
