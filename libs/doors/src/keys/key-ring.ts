import { createHash, timingSafeEqual } from 'node:crypto';
import { EVERYTHING, grantOf, type Grant } from './grant';
import type { KeyEntry } from './key-entry';

/** What a ring says of what a caller has shown. */
export type KeyFinding =
  | { readonly kind: 'granted'; readonly grant: Grant }
  /** `missing`: nothing was shown that looks like a key. */
  | { readonly kind: 'missing' | 'unknown' | 'expired' };

interface KeptEntry extends KeyEntry {
  readonly digest: Buffer;
}

/** The keys that open a door, as hashes. */
export class KeyRing {
  private fixed: readonly KeptEntry[];
  private changing: readonly KeptEntry[] = [];

  /** @param entries that stay; null: the door is open to everyone, whatever they show */
  constructor(private readonly entries: readonly KeyEntry[] | null) {
    this.fixed = (entries ?? []).map(kept);
  }

  /** Whether no key is asked for. */
  get isOpen(): boolean {
    return this.entries === null;
  }

  /** Puts these in the place of those that were put here before, beside the ones that stay. */
  replace(entries: readonly KeyEntry[]): void {
    this.changing = entries.map(kept);
  }

  /**
   * What an `Authorization: Bearer <key>` header stands for. Takes the same time whichever key it is and however near a wrong
   * one comes.
   */
  find(authorization: string | undefined, nowMs: number): KeyFinding {
    if (this.isOpen) return { kind: 'granted', grant: EVERYTHING };
    const [, token] = /^Bearer +(\S+) *$/i.exec(authorization ?? '') ?? [];
    const digest = createHash('sha256')
      .update(token ?? '')
      .digest();
    // Digests have one length, and all are compared.
    const known = [...this.fixed, ...this.changing].filter((entry) => timingSafeEqual(entry.digest, digest));
    if (token === undefined) return { kind: 'missing' };
    if (known.length === 0) return { kind: 'unknown' };
    const valid = known.filter(({ expiresMs }) => expiresMs === null || nowMs < expiresMs);
    return valid.length === 0 ? { kind: 'expired' } : { kind: 'granted', grant: grantOf(valid) };
  }
}

function kept(entry: KeyEntry): KeptEntry {
  return { ...entry, digest: Buffer.from(entry.sha256, 'hex') };
}
