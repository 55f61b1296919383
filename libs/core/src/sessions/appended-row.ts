import type { ByteReader } from '../metrics/checkpoint/byte-reader';
import type { SessionRow } from './session-row';
import {
  CART,
  HAS_REVENUE,
  HAS_VALUE,
  NEGATIVE_REVENUE,
  NEGATIVE_VALUE,
  PAGE_VIEW,
  PURCHASE,
  REMOVAL,
} from './user-state';

const KINDS = PAGE_VIEW | CART | REMOVAL | PURCHASE;

/** Reads what RowAppender has written; `ids` are those of the user's texts, by their numbers. */
export function readRow(reader: ByteReader, firstMs: number, ids: readonly number[], into: SessionRow): void {
  const flags = reader.byte();
  into.timeMs = firstMs + reader.count();
  into.kinds = flags & KINDS;
  into.type = readText(reader, ids);
  into.product = readText(reader, ids);
  into.category = readText(reader, ids);
  into.device = readText(reader, ids);
  into.location = readText(reader, ids);
  into.client = readText(reader, ids);
  into.value = readAmount(reader, flags, HAS_VALUE, NEGATIVE_VALUE);
  into.revenue = readAmount(reader, flags, HAS_REVENUE, NEGATIVE_REVENUE);
}

function readText(reader: ByteReader, ids: readonly number[]): number {
  const id = ids[reader.byte()];
  if (id === undefined) throw new RangeError('a row of a session has a text that is not there');
  return id;
}

function readAmount(reader: ByteReader, flags: number, has: number, isNegative: number): number {
  if ((flags & has) === 0) return NaN;
  const amount = reader.count();
  return (flags & isNegative) === 0 ? amount : -amount;
}
