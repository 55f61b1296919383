import { SinkUnavailableError } from '@tillstream/engine';
import { partitionPath } from '../sql/partition-path';
import type { ObjectStore } from '../store/object-store';
import type { LakeTable } from './lake-table';
import type { DataFile } from './table-snapshot';

/** A file that has been written on this machine. */
export interface LocalFile {
  /** Its name in the lake: nobody else may ever take it. */
  readonly name: string;
  readonly local: string;
  readonly partition: DataFile['partition'];
  readonly written: Omit<DataFile, 'path' | 'partition' | 'addedMs'>;
}

/**
 * Puts a file below the directories of its partition values. It is no part of the table until a commit names it.
 *
 * @throws SinkUnavailableError, SinkRefusedError
 */
export async function putDataFile(
  store: ObjectStore,
  table: LakeTable,
  { name, local, partition, written }: LocalFile,
  nowMs: number,
): Promise<DataFile> {
  const directories = partitionPath(partition);
  const path = directories === '' ? name : `${directories}/${name}`;
  const file: DataFile = { path, partition, addedMs: nowMs, ...written };
  if (await store.putIfAbsent(table.storePath(file), { file: local })) return file;
  throw new SinkUnavailableError(
    `there is a file ${table.storePath(file)} in ${store.address} already; it is written again under another name`,
  );
}
