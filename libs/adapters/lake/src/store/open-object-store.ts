import { SinkRefusedError } from '@tillstream/engine';
import { DirectoryObjectStore } from './directory-object-store';
import type { ObjectStore } from './object-store';
import { S3ObjectStore } from './s3-object-store';
import type { StoreAccess } from './store-access';

/**
 * @param where a directory (`/data/lake`, `file:///data/lake`) or a bucket and what names in it begin with (`s3://bucket/prefix`)
 * @throws SinkRefusedError when it is neither
 */
export function openObjectStore(where: string, access: StoreAccess): ObjectStore {
  const scheme = /^([a-z0-9+.-]+):\/\//iu.exec(where)?.[1]?.toLowerCase();
  switch (scheme) {
    case undefined:
      return new DirectoryObjectStore(where);
    case 'file':
      return new DirectoryObjectStore(where.slice('file://'.length));
    case 's3':
    case 's3a':
      return new S3ObjectStore(where, access);
    default:
      throw new SinkRefusedError(
        `the lake cannot be at ${where}. Declare a directory (/data/lake) or a bucket (s3://bucket/prefix).`,
      );
  }
}
