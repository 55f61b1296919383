import { createHash, timingSafeEqual } from 'node:crypto';
import { status, type Metadata } from '@grpc/grpc-js';
import type { GrantedKey } from '@tillstream/config';
import { GrpcStatusError } from '@tillstream/nest-runtime';

interface Grant {
  readonly digest: Buffer;
  /** Null: every stream. */
  readonly streams: readonly string[] | null;
}

/** Who may read which stream. Without keys, everyone may read everything. */
export class ReadKeys {
  private readonly grants: readonly Grant[];

  constructor(keys: readonly GrantedKey[]) {
    this.grants = keys.map(({ key, streams }) => ({ digest: digestOf(key), streams }));
  }

  /**
   * Streams that the caller may read; null: all.
   * @throws GrpcStatusError UNAUTHENTICATED without a key that is known
   */
  streamsFor(metadata: Metadata): readonly string[] | null {
    if (this.grants.length === 0) return null;
    const [, key] = /^Bearer (.+)$/i.exec(String(metadata.get('authorization')[0] ?? '')) ?? [];
    if (key === undefined)
      throw unauthenticated('a read key is wanted: send the metadata "authorization: Bearer <key>"');
    const digest = digestOf(key);
    // Digests have one length, and all are compared: the time taken says nothing about a key.
    const granted = this.grants.filter((grant) => timingSafeEqual(grant.digest, digest));
    if (granted.length === 0) throw unauthenticated('the read key is not known');
    return granted.some(({ streams }) => streams === null) ? null : granted.flatMap(({ streams }) => streams ?? []);
  }
}

const digestOf = (key: string): Buffer => createHash('sha256').update(key).digest();

const unauthenticated = (message: string): GrpcStatusError => new GrpcStatusError(status.UNAUTHENTICATED, message);
