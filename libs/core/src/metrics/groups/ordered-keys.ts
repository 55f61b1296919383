import { ByteWriter } from '../checkpoint/byte-writer';
import { sortByBytes } from './sort-by-bytes';
import type { WindowValues } from '../results/window-values';
import type { ByteStrings } from '../output';

/** Appends the encoded group key of an owner of window values. */
export type KeyWriter = (owner: number, writer: ByteWriter) => void;

const writer = new ByteWriter();

/**
 * The group keys of some rows, ordered byte by byte, and the rows in that order. The order is a function of the content
 * alone: who restores and who never stopped write the same block.
 */
export function orderByKey(
  values: WindowValues,
  rows: Int32Array,
  writeKey: KeyWriter,
): { readonly rows: Int32Array; readonly groups: ByteStrings } {
  const count = rows.length;
  writer.clear();
  const starts = new Uint32Array(count + 1);
  const order = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    writeKey(values.owners[rows[i] as number] as number, writer);
    starts[i + 1] = writer.length;
    order[i] = i;
  }
  const unordered = writer.viewFrom(0);
  sortByBytes(order, unordered, starts);
  const bytes = new Uint8Array(unordered.length);
  const offsets = new Uint32Array(count + 1);
  let end = 0;
  for (let i = 0; i < count; i++) {
    const at = order[i] as number;
    const to = starts[at + 1] as number;
    for (let from = starts[at] as number; from < to; from++) bytes[end++] = unordered[from] as number;
    offsets[i + 1] = end;
    order[i] = rows[at] as number;
  }
  return { rows: order, groups: { count, bytes, offsets } };
}
