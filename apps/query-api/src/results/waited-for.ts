import { HEADER, headerInteger } from '@tillstream/contracts';
import type { LogRecord } from '@tillstream/engine';

/** Results that were told together. */
export interface WaitedFor {
  readonly kind: 'provisional' | 'final';
  /** Append time of the oldest raw record that has waited for them. */
  readonly sinceMs: number;
}

const FINAL = 0x66; // f
const PROVISIONAL = 0x70; // p

/** What records of a metrics topic say of how long somebody has waited for them. */
export function* waitedFor(records: readonly LogRecord[]): Generator<WaitedFor> {
  for (const { key, headers } of records) {
    const sinceMs = headerInteger(headers, HEADER.waitingSince);
    if (sinceMs === null) continue;
    if (key?.[0] === FINAL) yield { kind: 'final', sinceMs };
    if (key?.[0] === PROVISIONAL) yield { kind: 'provisional', sinceMs };
  }
}
