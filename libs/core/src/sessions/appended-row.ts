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
export function readRow(reader: ByteReader, firstMs: number, ids: readonly number[]): SessionRow {
  const flags = reader.byte();
  const text = (): number => {
    const id = ids[reader.byte()];
    if (id === undefined) throw new RangeError('a row of a session has a text that is not there');
    return id;
  };
  return {
    timeMs: firstMs + reader.count(),
    kinds: flags & KINDS,
    type: text(),
    product: text(),
    category: text(),
    device: text(),
    location: text(),
    client: text(),
    value: readAmount(reader, flags, HAS_VALUE, NEGATIVE_VALUE),
    revenue: readAmount(reader, flags, HAS_REVENUE, NEGATIVE_REVENUE),
    isCut: false,
  };
}

function readAmount(reader: ByteReader, flags: number, has: number, isNegative: number): number {
  if ((flags & has) === 0) return NaN;
  const amount = reader.count();
  return (flags & isNegative) === 0 ? amount : -amount;
}
