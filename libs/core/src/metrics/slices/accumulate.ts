import { isNullAt } from '../../batch/column-access';
import type { Column } from '../../batch/event-batch';
import { CARRY } from '../measures/exact-sum';
import type { CollectedItems } from '../measures/collected';
import { keepEdges } from '../measures/edge-rows';
import type { ItemValues } from '../measures/item-values';
import { LISTED_NUMBER_BYTES, listedTextBytes } from '../measures/item-values';
import type { CollectPart, CountPart, ExtremePart, MomentsPart, SumPart } from '../plan/metric-plan';
import { ROWS } from '../plan/metric-plan';
import { addToMoments } from '../measures/moments';
import { sketch } from '../measures/sketch-rows';
import { addAmounts } from '../measures/top-rows';
import type { RowRun } from './row-run';
import type { Slice } from './slice';

const MAX = Number.MAX_SAFE_INTEGER;
/** About what the position of a value that was left out takes in a checkpoint. */
const POSITION_BYTES = 8;

/** Adds rows to their entries of a slice, one pass for each number that is kept. Everything but distinct counts, which are of windows. */
export function accumulate(slice: Slice, run: RowRun): void {
  const { plan } = slice;
  countRows(slice, run);
  for (const part of plan.counts) countWhere(slice, part, run);
  for (const part of plan.sums) {
    if (part.exact) addExactly(slice, part, run);
    else addUp(slice, part, run);
  }
  for (const part of plan.extremes) extend(slice, part, run);
  for (const part of plan.moments) spread(slice, part, run);
  for (const part of plan.edges) keepEdges(slice, part, run);
  for (const part of plan.collects) collect(slice, part, run);
  for (const part of plan.sketches) sketch(slice, part, run);
  for (const part of plan.tops) addAmounts(slice, part, run);
}

function countRows({ cells, count, width }: Slice, { from, to, entries }: RowRun): void {
  if (count === 1) {
    cells[ROWS] = (cells[ROWS] as number) + (to - from);
    return;
  }
  for (let i = from; i < to; i++) {
    const cell = (entries[i] as number) * width + ROWS;
    cells[cell] = (cells[cell] as number) + 1;
  }
}

function countWhere({ cells, width }: Slice, { condition, at }: CountPart, run: RowRun): void {
  const { rows, from, to, entries } = run;
  const mask = run.view.mask(condition) as Uint8Array;
  for (let i = from; i < to; i++) {
    const cell = (entries[i] as number) * width + at;
    cells[cell] = (cells[cell] as number) + (mask[rows[i] as number] as number);
  }
}

function addExactly({ cells, width }: Slice, { field, condition, at }: SumPart, run: RowRun): void {
  const { view, rows, from, to, entries } = run;
  const values = view.numbers(field);
  const mask = view.mask(condition);
  for (let i = from; i < to; i++) {
    const row = rows[i] as number;
    const value = values[row] as number;
    if (Number.isNaN(value) || (mask !== null && mask[row] === 0)) continue;
    const cell = (entries[i] as number) * width + at;
    const before = cells[cell] as number;
    let sum = before + value;
    if (sum > MAX || sum < -MAX) {
      const carry = sum > 0 ? 1 : -1;
      cells[cell + 2] = (cells[cell + 2] as number) + carry;
      sum = before - carry * CARRY + value; // both steps are exact
    }
    cells[cell] = sum;
    cells[cell + 1] = (cells[cell + 1] as number) + 1;
  }
}

function addUp({ cells, width }: Slice, { field, condition, at }: SumPart, run: RowRun): void {
  const { view, rows, from, to, entries } = run;
  const values = view.numbers(field);
  const mask = view.mask(condition);
  for (let i = from; i < to; i++) {
    const row = rows[i] as number;
    const value = values[row] as number;
    if (Number.isNaN(value) || (mask !== null && mask[row] === 0)) continue;
    const cell = (entries[i] as number) * width + at;
    const sum = (cells[cell] as number) + value;
    cells[cell] = Number.isFinite(sum) ? sum : NaN;
    cells[cell + 1] = (cells[cell + 1] as number) + 1;
  }
}

function extend({ cells, width }: Slice, { kind, field, condition, at }: ExtremePart, run: RowRun): void {
  const { view, rows, from, to, entries } = run;
  const values = view.numbers(field);
  const mask = view.mask(condition);
  const sign = kind === 'min' ? 1 : -1;
  for (let i = from; i < to; i++) {
    const row = rows[i] as number;
    const value = values[row] as number;
    if (Number.isNaN(value) || (mask !== null && mask[row] === 0)) continue;
    const cell = (entries[i] as number) * width + at;
    const old = cells[cell] as number;
    if (Number.isNaN(old) || sign * value < sign * old) cells[cell] = value + 0; // -0 is 0: 0 and -0 are one extreme
  }
}

function spread({ cells, width }: Slice, { field, condition, at }: MomentsPart, run: RowRun): void {
  const { view, rows, from, to, entries } = run;
  const values = view.numbers(field);
  const mask = view.mask(condition);
  for (let i = from; i < to; i++) {
    const row = rows[i] as number;
    const value = values[row] as number;
    if (Number.isNaN(value) || (mask !== null && mask[row] === 0)) continue;
    addToMoments(cells, (entries[i] as number) * width + at, value);
  }
}

function collect(slice: Slice, part: CollectPart, run: RowRun): void {
  const { field, limit, maxBytes, condition, at, list } = part;
  const { view, rows, from, to, entries } = run;
  const { batch } = view;
  const column = batch.columns.get(field);
  if (!column) return;
  const mask = view.mask(condition);
  const { cells, width } = slice;
  const items = slice.collected[list] as CollectedItems;
  for (let i = from; i < to; i++) {
    const row = rows[i] as number;
    if ((mask !== null && mask[row] === 0) || isNullAt(column, row)) continue;
    const entry = entries[i] as number;
    const cell = entry * width + at;
    const seen = cells[cell] as number;
    cells[cell] = seen + 1;
    if (seen >= limit || items.isFull(entry)) continue;
    const offset = batch.records.offsets[view.recordOf(row)] as number;
    const index = batch.rowIndexes[row] as number;
    if (items.reserve(entry, listedBytesAt(column, row), maxBytes)) {
      pushValue(items.values, column, row);
      slice.entryBytes += items.values.sizeOf(items.append(entry, offset, index));
    } else {
      items.leaveOut(entry, offset, index);
      slice.entryBytes += POSITION_BYTES;
    }
  }
}

/** Share of a column's value in what the lists of a result may take. */
function listedBytesAt(column: Column, row: number): number {
  if (column.kind === 'number') return LISTED_NUMBER_BYTES;
  const text = column.kind === 'dictionary' ? (column.indices[row] as number) : row;
  return listedTextBytes((column.offsets[text + 1] as number) - (column.offsets[text] as number));
}

/** Appends a column's value in a row where it is not null. */
function pushValue(values: ItemValues, column: Column, row: number): void {
  if (column.kind === 'number') return values.pushNumber(column.values[row] as number);
  const text = column.kind === 'dictionary' ? (column.indices[row] as number) : row;
  values.pushText(column.bytes, column.offsets[text] as number, column.offsets[text + 1] as number);
}
