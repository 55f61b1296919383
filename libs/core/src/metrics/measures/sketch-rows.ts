import { isNullAt } from '../../batch/column-access';
import type { Column } from '../../batch/event-batch';
import { ID_HASH_BYTES, murmur3x128 } from '../../hash/murmur3';
import { grownInts } from '../../windowing/grow';
import { CARDINALITY_SEED, rankOf, registerOf } from './cardinality-sketch';
import type { SketchPart } from '../plan/metric-plan';
import { bucketOf } from './quantile-sketch';
import type { RowRun } from '../slices/row-run';
import type { Slice } from '../slices/slice';
import { TALLY_PAIR_BYTES, type Tallies } from './tallies';

/** Adds the values of rows to the sketches of their entries. */
export function sketch(slice: Slice, part: SketchPart, run: RowRun): void {
  const { of, field, condition, sketch: number } = part;
  const { view, rows, from, to, entries } = run;
  const column = view.batch.columns.get(field);
  if (!column) return;
  const mask = view.mask(condition);
  const tallies = slice.sketches[number] as Tallies;
  const hashes = of === 'cardinality' ? hashesOfEntries(column, to - from) : null;
  for (let i = from; i < to; i++) {
    const row = rows[i] as number;
    if ((mask !== null && mask[row] === 0) || isNullAt(column, row)) continue;
    const entry = entries[i] as number;
    let isNew: boolean;
    if (of === 'quantiles') {
      isNew = tallies.merge(entry, bucketOf(numberAt(column, row)), 1);
    } else if (hashes !== null && column.kind === 'dictionary') {
      const at = 2 * (column.indices[row] as number);
      const high = hashes[at] as number;
      isNew = tallies.merge(entry, registerOf(high), rankOf(high, hashes[at + 1] as number));
    } else {
      hash(column, row);
      const high = hashed.getInt32(0, true);
      isNew = tallies.merge(entry, registerOf(high), rankOf(high, hashed.getInt32(4, true)));
    }
    if (isNew) slice.entryBytes += TALLY_PAIR_BYTES;
  }
}

const hashed = new DataView(new ArrayBuffer(ID_HASH_BYTES));
const numberBytes = new Uint8Array(8);
const numberView = new DataView(numberBytes.buffer);

let entryHashes = new Int32Array(0);

/** Both words of the hash of each entry of a dictionary, where that is less work than hashing the text of each row; else null. */
function hashesOfEntries(column: Column, rows: number): Int32Array | null {
  if (column.kind !== 'dictionary' || column.offsets.length > rows) return null;
  const { bytes, offsets } = column;
  entryHashes = grownInts(entryHashes, 2 * offsets.length);
  for (let entry = 0; entry + 1 < offsets.length; entry++) {
    murmur3x128(bytes, offsets[entry] as number, offsets[entry + 1] as number, CARDINALITY_SEED, hashed, 0);
    entryHashes[2 * entry] = hashed.getInt32(0, true);
    entryHashes[2 * entry + 1] = hashed.getInt32(4, true);
  }
  return entryHashes;
}

/** Of a text: of its bytes; of a number: of its double. */
function hash(column: Column, row: number): void {
  if (column.kind === 'number') {
    numberView.setFloat64(0, numberAt(column, row) + 0, true); // -0 is 0
    murmur3x128(numberBytes, 0, numberBytes.length, CARDINALITY_SEED, hashed, 0);
    return;
  }
  const text = column.kind === 'dictionary' ? (column.indices[row] as number) : row;
  const { bytes, offsets } = column;
  murmur3x128(bytes, offsets[text] as number, offsets[text + 1] as number, CARDINALITY_SEED, hashed, 0);
}

function numberAt(column: Column, row: number): number {
  return column.kind === 'number' ? (column.values[row] as number) : NaN;
}
