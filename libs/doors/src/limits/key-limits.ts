import type { Grant } from '../keys/grant';
import { RateBucket } from './rate-bucket';

/** What a caller asks too much of. */
export type Limited = 'requests' | 'events';

export type Admission =
  | { readonly kind: 'admitted' }
  | { readonly kind: 'limited'; readonly what: Limited; readonly perSecond: number; readonly waitMs: number };

const ADMITTED: Admission = { kind: 'admitted' };

interface Kept {
  readonly perSecond: number;
  readonly bucket: RateBucket;
}

/**
 * Holds callers to what their keys allow a second, in this process: with several replicas each allows as much. Callers without
 * limits cost nothing here, so there are never more than there are keys with limits.
 */
export class KeyLimits {
  private readonly kept = new Map<string, Kept>();

  /** One request more; what it brings is told by `brought`. */
  admit(grant: Grant, nowMs: number): Admission {
    for (const what of ['events', 'requests'] as const) {
      const found = this.bucketOf(grant, what, nowMs);
      const waitMs = found?.bucket.waitMs(nowMs) ?? 0;
      if (found && waitMs > 0) return { kind: 'limited', what, perSecond: found.perSecond, waitMs };
    }
    this.bucketOf(grant, 'requests', nowMs)?.bucket.take(1, nowMs);
    return ADMITTED;
  }

  /** Counted once for a body, however many events it holds. */
  brought(grant: Grant, events: number, nowMs: number): void {
    this.bucketOf(grant, 'events', nowMs)?.bucket.take(events, nowMs);
  }

  private bucketOf(grant: Grant, what: Limited, nowMs: number): Kept | null {
    const perSecond = what === 'events' ? grant.eventsPerSecond : grant.requestsPerSecond;
    if (perSecond === null) return null;
    const id = `${what} ${grant.id}`;
    const known = this.kept.get(id);
    if (known?.perSecond === perSecond) return known;
    // A limit that was changed begins anew.
    const kept = { perSecond, bucket: new RateBucket(perSecond, nowMs) };
    this.kept.set(id, kept);
    return kept;
  }
}

/** What a caller is told who has to wait. */
export function limitMessage({ what, perSecond }: Extract<Admission, { kind: 'limited' }>): string {
  return `the key allows ${perSecond} ${what} a second: send this again later`;
}
