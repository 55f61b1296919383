import { ByteWriter } from './byte-writer';
import { sortByBytes } from './sort-by-bytes';
import type { WindowValues } from './window-values';
import type { ByteStrings } from './output';

/** Appends the encoded group key of an owner of window values. */
export type KeyWriter = (owner: number, writer: ByteWriter) => void;

const writer = new ByteWriter();

/**
 * The group keys of some rows, ordered byte by byte, and the rows in that order. The order is a function of the content
 * alone: who restores and who never stopped write the same block.
 */
export function orderByKey(
  values: WindowValues,
  rows: readonly number[],
  writeKey: KeyWriter,
): { readonly rows: readonly number[]; readonly groups: ByteStrings } {
  writer.clear();
  const starts = new Uint32Array(rows.length + 1);
  rows.forEach((row, i) => {
    writeKey(values.owners[row] as number, writer);
    starts[i + 1] = writer.length;
  });
  const unordered = writer.viewFrom(0);
  const order = Int32Array.from(rows, (_, i) => i);
  sortByBytes(order, unordered, starts);
  const bytes = new Uint8Array(unordered.length);
  const offsets = new Uint32Array(rows.length + 1);
  let end = 0;
  order.forEach((at, i) => {
    const key = unordered.subarray(starts[at], starts[at + 1]);
    bytes.set(key, end);
    end += key.length;
    offsets[i + 1] = end;
  });
  return { rows: Array.from(order, (at) => rows[at] as number), groups: { count: rows.length, bytes, offsets } };
}
