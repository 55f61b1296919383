import type { NewRecord } from '../record';

/**
 * A hole that an operator has accepted: `service` may pass over `[from, to)` of the raw partition. It holds by range,
 * not by position, so whoever takes the partition over later finds it too.
 */
export interface Gap {
  readonly service: string;
  readonly partition: number;
  readonly from: number;
  readonly to: number;
  /** In the operator's words; '' when none were given. */
  readonly reason: string;
}

/** The record of a gap: key `service|partition|from`, so that a wider one from the same start replaces it. */
export function encodeGap(gap: Gap): NewRecord {
  const { service, partition, from, to, reason } = gap;
  return {
    key: Buffer.from(`${service}|${partition}|${from}`, 'utf8'),
    value: Buffer.from(JSON.stringify({ service, partition, from, to, reason }), 'utf8'),
  };
}

const decoder = new TextDecoder();

/** Reads a record of a gaps topic; null for tombstones and what is not understood. */
export function decodeGap(record: Pick<NewRecord, 'value'>): Gap | null {
  return record.value === null ? null : parseGap(decoder.decode(record.value));
}

function parseGap(text: string): Gap | null {
  try {
    const { service, partition, from, to, reason } = JSON.parse(text) as Readonly<Record<string, unknown>>;
    if (typeof service !== 'string' || !isNatural(partition) || !isNatural(from) || !isNatural(to)) return null;
    return from < to ? { service, partition, from, to, reason: typeof reason === 'string' ? reason : '' } : null;
  } catch {
    return null; // not JSON, or not an object: nobody's gap
  }
}

function isNatural(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
