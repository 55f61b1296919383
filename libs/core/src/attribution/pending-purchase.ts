import type { AttributedPurchase } from './attribution';
import { ByteReader } from '../metrics/checkpoint/byte-reader';
import { ByteWriter } from '../metrics/checkpoint/byte-writer';
import { HASH_WORDS } from './match-hash';

const VERSION = 1;

const writer = new ByteWriter();

/** A purchase that waits until no event before it can still come. */
export interface PendingPurchase extends Omit<AttributedPurchase, 'views' | 'truncated' | 'decidedBy'> {
  /** What its views have as well. */
  readonly hash: Int32Array;
}

/** In raw order. */
export function encodePurchases(purchases: readonly PendingPurchase[]): Uint8Array {
  writer.clear();
  writer.byte(VERSION);
  writer.count(purchases.length);
  for (const { offset, index, timeMs, hash, user, on, category, device, revenue } of purchases) {
    writer.count(offset);
    writer.count(index);
    writer.integer(timeMs);
    writer.words(hash, 0, 4 * HASH_WORDS);
    writer.text(user);
    writer.count(on.length);
    for (const value of on) writer.text(value);
    for (const text of [category, device]) {
      writer.byte(text === null ? 0 : 1);
      if (text !== null) writer.text(text);
    }
    writer.integer(revenue);
  }
  return writer.toBytes();
}

/** Reads what `encodePurchases` wrote. @throws RangeError for bytes that are cut short or were written by a later version */
export function decodePurchases(bytes: Uint8Array): PendingPurchase[] {
  const reader = new ByteReader(bytes);
  const version = reader.byte();
  if (version !== VERSION) throw new RangeError(`purchases of version ${version} in a checkpoint`);
  const textOrNull = () => (reader.byte() === 0 ? null : reader.text());
  const purchases = Array.from({ length: reader.length() }, (): PendingPurchase => {
    const offset = reader.count();
    const index = reader.count();
    const timeMs = reader.integer();
    const hash = new Int32Array(HASH_WORDS);
    reader.words(hash);
    const user = reader.text();
    const on = Array.from({ length: reader.length() }, () => reader.text());
    return {
      ...{ offset, index, timeMs, hash, user, on },
      ...{ category: textOrNull(), device: textOrNull(), revenue: reader.integer() },
    };
  });
  reader.finish();
  return purchases;
}
