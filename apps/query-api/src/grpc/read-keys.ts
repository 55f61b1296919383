import { createHash, timingSafeEqual } from 'node:crypto';
import { status, type Metadata } from '@grpc/grpc-js';
import type { ReadKey } from '@tillstream/config';
import { GrpcStatusError } from '@tillstream/nest-runtime';

interface Grant {
  readonly digest: Buffer;
  /** Null: every stream. */
  readonly streams: readonly string[] | null;
  readonly sql: boolean;
}

/** Who may read which stream. Without keys, everyone may read everything. */
export class ReadKeys {
  private readonly grants: readonly Grant[];

  constructor(keys: readonly ReadKey[]) {
    this.grants = keys.map(({ key, streams, sql }) => ({ digest: digestOf(key), streams, sql }));
  }

  /**
   * Streams that the caller may read; null: all.
   * @throws GrpcStatusError UNAUTHENTICATED without a key that is known
   */
  streamsFor(metadata: Metadata): readonly string[] | null {
    return this.grants.length === 0 ? null : streamsOf(this.granted(metadata));
  }

  /**
   * Streams that the caller may ask about in SQL; null: all.
   * @throws GrpcStatusError UNAUTHENTICATED as `streamsFor`, PERMISSION_DENIED with a key that has no right to it
   */
  sqlStreamsFor(metadata: Metadata): readonly string[] | null {
    if (this.grants.length === 0) return null;
    const granted = this.granted(metadata).filter(({ sql }) => sql);
    if (granted.length > 0) return streamsOf(granted);
    throw new GrpcStatusError(
      status.PERMISSION_DENIED,
      'the read key has no right to SQL: it is given by key:stream:sql in TILLSTREAM_READ_KEYS',
    );
  }

  private granted(metadata: Metadata): readonly Grant[] {
    const [, key] = /^Bearer (.+)$/i.exec(String(metadata.get('authorization')[0] ?? '')) ?? [];
    if (key === undefined)
      throw unauthenticated('a read key is wanted: send the metadata "authorization: Bearer <key>"');
    const digest = digestOf(key);
    // Digests have one length, and all are compared: the time taken says nothing about a key.
    const granted = this.grants.filter((grant) => timingSafeEqual(grant.digest, digest));
    if (granted.length === 0) throw unauthenticated('the read key is not known');
    return granted;
  }
}

function streamsOf(granted: readonly Grant[]): readonly string[] | null {
  return granted.some(({ streams }) => streams === null) ? null : granted.flatMap(({ streams }) => streams ?? []);
}

const digestOf = (key: string): Buffer => createHash('sha256').update(key).digest();

const unauthenticated = (message: string): GrpcStatusError => new GrpcStatusError(status.UNAUTHENTICATED, message);
