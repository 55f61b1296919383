import { SinkRefusedError } from '@tillstream/engine';
import { DirectoryObjectStore } from './directory-object-store';
import type { ObjectStore } from './object-store';

/** How a bucket is reached. A directory needs nothing of it. */
export interface StoreAccess {
  /** The id of the access key; null: what the machine has of its own. */
  readonly user: string | null;
  readonly secret: string | null;
  /** Null: AWS; else the address of another store that speaks S3, `http://minio:9000`. */
  readonly endpoint: string | null;
  readonly region: string | null;
  /** Where files of a bucket are kept to be read, and up to how many bytes. */
  readonly cache: { readonly directory: string; readonly bytes: number } | null;
}

export const NO_ACCESS: StoreAccess = { user: null, secret: null, endpoint: null, region: null, cache: null };

/**
 * @param where a directory (`/data/lake`, `file:///data/lake`) or a bucket and what names in it begin with (`s3://bucket/prefix`)
 * @throws SinkRefusedError when it is neither
 */
export function openObjectStore(where: string, _access: StoreAccess): ObjectStore {
  if (where.startsWith('file://')) return new DirectoryObjectStore(where.slice('file://'.length));
  if (/^[a-z0-9+.-]+:\/\//iu.test(where)) {
    throw new SinkRefusedError(
      `the lake cannot be at ${where}. Declare a directory (/data/lake) or a bucket (s3://bucket/prefix).`,
    );
  }
  return new DirectoryObjectStore(where);
}
