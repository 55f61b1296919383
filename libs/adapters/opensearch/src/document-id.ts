import { createHash } from 'node:crypto';

/** No store of this kind takes a longer one. */
const MAX_BYTES = 512;
const KEPT_CHARACTERS = 100;

/** The `_id` of a row: its id, or where that is too long its beginning and the hash of all of it. */
export function documentId(id: string): string {
  if (id.length <= MAX_BYTES / 3 || Buffer.byteLength(id) <= MAX_BYTES) return id;
  return `${id.slice(0, KEPT_CHARACTERS)}…sha256:${createHash('sha256').update(id).digest('base64url')}`;
}
