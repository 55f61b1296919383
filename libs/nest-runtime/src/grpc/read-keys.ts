import { status, type Metadata } from '@grpc/grpc-js';
import type { Grant, KeyFinding, KeyRing } from '@tillstream/doors';
import { GrpcStatusError } from './status-error';

/** Who may read which stream, by the key that a call shows. Where no key is asked for, everyone may read everything. */
export class ReadKeys {
  constructor(
    private readonly ring: Pick<KeyRing, 'find'>,
    private readonly nowMs: () => number,
  ) {}

  /** What stands behind the key of a call. @throws GrpcStatusError UNAUTHENTICATED without a key that is known and holds */
  grantFor(metadata: Metadata): Grant {
    const found = this.ring.find(authorizationOf(metadata), this.nowMs());
    if (found.kind === 'granted') return found.grant;
    throw new GrpcStatusError(status.UNAUTHENTICATED, UNAUTHENTICATED[found.kind]);
  }

  /** Streams that the caller may read; null: all. @throws GrpcStatusError as `grantFor` */
  streamsFor(metadata: Metadata): readonly string[] | null {
    return this.grantFor(metadata).streams;
  }

  /**
   * Streams that the caller may ask about in SQL; null: all.
   * @throws GrpcStatusError as `grantFor`, PERMISSION_DENIED with a key that has no right to it
   */
  sqlStreamsFor(metadata: Metadata): readonly string[] | null {
    const { sqlStreams } = this.grantFor(metadata);
    if (sqlStreams === null || sqlStreams.length > 0) return sqlStreams;
    throw new GrpcStatusError(
      status.PERMISSION_DENIED,
      'the read key has no right to SQL: it is given by key:stream:sql in TILLSTREAM_READ_KEYS, or by sql: true in its file',
    );
  }
}

/** What a call says of who makes it. */
export const authorizationOf = (metadata: Metadata): string | undefined => metadata.get('authorization')[0]?.toString();

export const UNAUTHENTICATED: Readonly<Record<Exclude<KeyFinding['kind'], 'granted'>, string>> = {
  missing: 'a read key is wanted: send the metadata "authorization: Bearer <key>"',
  unknown: 'the read key is not known',
  expired: 'the read key has expired: a new one is needed',
};
