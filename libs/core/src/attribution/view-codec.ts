import { ByteReader } from '../metrics/checkpoint/byte-reader';
import { ByteWriter } from '../metrics/checkpoint/byte-writer';
import { HASH_WORDS } from './match-hash';
import type { ViewSlice } from './view-slice';

const VERSION = 1;
/** About how many bytes a view takes when it is written. */
export const VIEW_BYTES = 22;

const writer = new ByteWriter();
const hash = new Int32Array(HASH_WORDS);

/** The views of a slice from number `from` on. */
export function encodeViews({ count, hashes, times, offsets, indexes }: ViewSlice, from: number): Uint8Array {
  writer.clear();
  writer.byte(VERSION);
  writer.count(count - from);
  let offset = 0;
  for (let view = from; view < count; view++) {
    writer.count((offsets[view] as number) - offset); // in raw order
    offset = offsets[view] as number;
    writer.count(indexes[view] as number);
    writer.count(times[view] as number);
    writer.words(hashes, HASH_WORDS * view, 4 * HASH_WORDS);
  }
  return writer.toBytes();
}

/**
 * Takes over what `encodeViews` wrote. Whole raw records are written, in raw order: so whatever is not behind the last view that
 * is there already has been taken over before.
 *
 * @throws RangeError for bytes that are cut short or were written by a later version
 */
export function decodeViews(slice: ViewSlice, bytes: Uint8Array): void {
  const reader = new ByteReader(bytes);
  const version = reader.byte();
  if (version !== VERSION) throw new RangeError(`views of version ${version} in a checkpoint`);
  const through = slice.count === 0 ? -1 : (slice.offsets[slice.count - 1] as number);
  let offset = 0;
  for (let left = reader.length(); left > 0; left--) {
    offset += reader.count();
    const index = reader.count();
    const time = reader.count();
    reader.words(hash);
    if (offset > through) slice.add(hash, slice.startMs + time, offset, index);
  }
  reader.finish();
  slice.saved = slice.count;
}
