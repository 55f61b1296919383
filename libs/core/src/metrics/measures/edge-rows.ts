import { isNullAt } from '../../batch/column-access';
import { cutEnd } from '../../batch/cut-text';
import type { Column } from '../../batch/event-batch';
import type { EdgeValues } from './edge-values';
import { listedTextBytes } from './item-values';
import type { EdgePart } from '../plan/metric-plan';
import type { RowRun } from '../slices/row-run';
import type { Slice } from '../slices/slice';

/**
 * Does a value of time `timeMs` take the place of one of `beforeMs` (NaN for none), when it comes behind it in raw order? Of
 * equal times the first in raw order is the first, the last the last.
 */
export function takesPlace(of: EdgePart['of'], timeMs: number, beforeMs: number): boolean {
  if (Number.isNaN(beforeMs)) return !Number.isNaN(timeMs);
  return of === 'first' ? timeMs < beforeMs : timeMs >= beforeMs;
}

/** Keeps the first or last value by event time of rows for their entries. */
export function keepEdges(slice: Slice, part: EdgePart, run: RowRun): void {
  const { view, rows, from, to, entries } = run;
  const column = view.batch.columns.get(part.field);
  if (!column) return;
  const mask = view.mask(part.condition);
  const { times } = view;
  const { cells, width } = slice;
  const values = slice.edges[part.edge] as EdgeValues;
  for (let i = from; i < to; i++) {
    const row = rows[i] as number;
    if ((mask !== null && mask[row] === 0) || isNullAt(column, row)) continue;
    const entry = entries[i] as number;
    const cell = entry * width + part.at;
    const time = times[row] as number;
    const before = cells[cell] as number;
    if (!takesPlace(part.of, time, before)) continue;
    const bytesBefore = Number.isNaN(before) ? 0 : values.sizeOf(entry);
    cells[cell] = time;
    cells[cell + 1] = take(values, entry, column, row, part.maxBytes) ? 1 : 0;
    slice.entryBytes += values.sizeOf(entry) - bytesBefore;
  }
}

/** Takes a column's value; true when it had to be cut. */
function take(values: EdgeValues, entry: number, column: Column, row: number, maxBytes: number): boolean {
  if (column.kind === 'number') {
    values.setNumber(entry, column.values[row] as number);
    return false;
  }
  const text = column.kind === 'dictionary' ? (column.indices[row] as number) : row;
  const { bytes } = column;
  const start = column.offsets[text] as number;
  const end = column.offsets[text + 1] as number;
  const kept = cutEnd(bytes, start, end, maxBytes - listedTextBytes(0));
  values.setText(entry, bytes, start, kept);
  return kept < end;
}
