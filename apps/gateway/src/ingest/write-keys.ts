import { createHash, timingSafeEqual } from 'node:crypto';
import type { GrantedKey } from '@tillstream/config';

/** Who sent a body, as far as it is known: the key it came with. */
export interface Caller {
  /** Tells callers apart without being their key. */
  readonly id: string;
  mayWrite(stream: string): boolean;
}

interface Entry {
  readonly digest: Buffer;
  readonly caller: Caller;
}

/** Sent without keys being asked for. */
const ANYONE: Caller = { id: '', mayWrite: () => true };

/** The write keys of the configuration. Only their hashes are kept. */
export class WriteKeys {
  private readonly entries: readonly Entry[];

  /** @param keys none: everyone may write */
  constructor(keys: readonly GrantedKey[]) {
    this.entries = keys.map(({ key, streams }) => {
      const digest = sha256(key);
      const mayWrite = (stream: string): boolean => streams === null || streams.includes(stream);
      return { digest, caller: { id: digest.toString('hex'), mayWrite } };
    });
  }

  /**
   * The caller that an `Authorization: Bearer <key>` header stands for, or null. Takes the same time whichever key it is and
   * however near a wrong one comes.
   */
  find(authorization: string | undefined): Caller | null {
    if (this.entries.length === 0) return ANYONE;
    const [, token] = /^Bearer +(\S+) *$/i.exec(authorization ?? '') ?? [];
    const digest = sha256(token ?? '');
    let found: Caller | null = null;
    for (const entry of this.entries) {
      if (timingSafeEqual(entry.digest, digest)) found = entry.caller;
    }
    return token === undefined ? null : found;
  }
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
