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

/** What is known of who shows a key, asked whenever it matters: a call may last for longer than the right to it. */
export type ShownKey = (nowMs: number) => KeyFinding;

/** The keys that open a door, as hashes. */
export class KeyRing {
  private readonly fixed: readonly KeptEntry[];
  /** Another list whenever keys are exchanged. */
  private all: readonly KeptEntry[];

  /** @param entries that stay; null: the door is open to everyone, whatever they show */
  constructor(private readonly entries: readonly KeyEntry[] | null) {
    this.fixed = (entries ?? []).map(kept);
    this.all = this.fixed;
  }

  /** Whether no key is asked for. */
  get isOpen(): boolean {
    return this.entries === null;
  }

  /** Puts these in the place of those that were put here before, beside the ones that stay. */
  replace(entries: readonly KeyEntry[]): void {
    this.all = [...this.fixed, ...entries.map(kept)];
  }

  /** What an `Authorization: Bearer <key>` header stands for now. */
  find(authorization: string | undefined, nowMs: number): KeyFinding {
    return this.shown(authorization)(nowMs);
  }

  /** The same for a call that lasts: what it has shown is compared once, and again when keys were exchanged. */
  shown(authorization: string | undefined): ShownKey {
    let compared: readonly KeptEntry[] | null = null;
    let known: readonly KeyEntry[] | null = null;
    return (nowMs) => {
      if (this.isOpen) return { kind: 'granted', grant: EVERYTHING };
      if (compared !== this.all) known = entriesOf(authorization, this.all);
      compared = this.all;
      return findingOf(known, nowMs);
    };
  }
}

/**
 * The entries of the key that is shown; null: nothing is that looks like one. Takes the same time whichever key it is and however
 * near a wrong one comes.
 */
function entriesOf(authorization: string | undefined, all: readonly KeptEntry[]): readonly KeyEntry[] | null {
  const [, token] = /^Bearer +(\S+) *$/i.exec(authorization ?? '') ?? [];
  const digest = createHash('sha256')
    .update(token ?? '')
    .digest();
  // Digests have one length, and all are compared.
  const known = all.filter((entry) => timingSafeEqual(entry.digest, digest));
  return token === undefined ? null : known;
}

function findingOf(known: readonly KeyEntry[] | null, nowMs: number): KeyFinding {
  if (known === null) return { kind: 'missing' };
  if (known.length === 0) return { kind: 'unknown' };
  const valid = known.filter(({ expiresMs }) => expiresMs === null || nowMs < expiresMs);
  return valid.length === 0 ? { kind: 'expired' } : { kind: 'granted', grant: grantOf(valid) };
}

function kept(entry: KeyEntry): KeptEntry {
  return { ...entry, digest: Buffer.from(entry.sha256, 'hex') };
}
