import type { RawControl } from '@tillstream/core';
import { HEADER, headerBytes } from '../headers';
import type { NewRecord } from '../record';

/**
 * A decision to write into the raw log, so that it is a fact for every reader and every replay.
 *
 * - `advance`: a partition without events lets its time move on, to at most `toMs` (epoch ms).
 * - `hold` … `release`: between them nothing is decided by idleness (a replay is under way).
 * - `definition`: the stream file in force from here on, by its sha256 (64 hex digits).
 * - `catalog`: rows from here on see the catalog as it was below this catalog offset.
 */
export type ControlDecision =
  | { readonly kind: 'advance'; readonly toMs: number }
  | { readonly kind: 'hold' }
  | { readonly kind: 'release' }
  | { readonly kind: 'definition'; readonly sha256: string }
  | { readonly kind: 'catalog'; readonly offset: number };

/** The record that carries a decision: its kind in a header, all of it as JSON in the value. */
export function encodeControl(decision: ControlDecision): NewRecord {
  return {
    key: null,
    value: Buffer.from(JSON.stringify(canonical(decision)), 'utf8'),
    headers: { [HEADER.control]: headerBytes(decision.kind) },
  };
}

/** Same decision, same bytes: only the known keys, in one order. */
function canonical(decision: ControlDecision): ControlDecision {
  switch (decision.kind) {
    case 'advance':
      return { kind: 'advance', toMs: decision.toMs };
    case 'hold':
    case 'release':
      return { kind: decision.kind };
    case 'definition':
      return { kind: 'definition', sha256: decision.sha256 };
    case 'catalog':
      return { kind: 'catalog', offset: decision.offset };
  }
}

const decoder = new TextDecoder('utf-8', { fatal: true });

/**
 * Reads the value of a control record. Kinds that this version does not know, and values that are broken or incomplete,
 * are `other`: kept in their place and obeyed by nobody, so that a newer service may write what an older one carries
 * along, and so that a broken control record can neither move a watermark nor stop a partition.
 */
export function decodeControl(payload: Uint8Array): RawControl {
  const value = parseObject(payload);
  switch (value?.['kind']) {
    case 'advance': {
      const toMs = value['toMs'];
      return Number.isSafeInteger(toMs) ? { kind: 'advance', toMs: toMs as number, payload } : other(payload);
    }
    case 'hold':
    case 'release':
      return { kind: value['kind'], payload };
    case 'definition': {
      const sha256 = value['sha256'];
      const valid = typeof sha256 === 'string' && /^[0-9a-f]{64}$/.test(sha256);
      return valid ? { kind: 'definition', sha256, payload } : other(payload);
    }
    case 'catalog': {
      const offset = value['offset'];
      const valid = Number.isSafeInteger(offset) && (offset as number) >= 0;
      return valid ? { kind: 'catalog', offset: offset as number, payload } : other(payload);
    }
    default:
      return other(payload);
  }
}

const other = (payload: Uint8Array): RawControl => ({ kind: 'other', payload });

function parseObject(payload: Uint8Array): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(decoder.decode(payload));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null; // not JSON: `other`, as promised above
  }
}
