import type { FeedColumn } from '@tillstream/contracts';
import type { Column, EventBatch } from '@tillstream/core';
import type { CopyRows } from './copy-rows';
import { writeMinorUnits } from './numeric';
import { writeInstant } from './value-writers';

/** Where the row at hand stands. */
interface Place {
  offset: number;
  appendMs: number;
  index: number;
}

type WriteCell = (row: number, place: Place) => void;

/**
 * Adds events of a batch, straight from its columns, behind the id and the version that every row has.
 *
 * @param selected indexes of rows, ascending
 */
export function addEvents(
  to: CopyRows,
  columns: readonly FeedColumn[],
  moneyExponent: number,
  batch: EventBatch,
  selected: Uint32Array,
): void {
  const writers = columns.map((column) => cellWriter(to, column, moneyExponent, batch));
  const { records, partition, rowIndexes } = batch;
  const place: Place = { offset: 0, appendMs: 0, index: 0 };
  let record = 0;
  let end = records.rowCounts[0] ?? 0; // of the record's rows
  for (const row of selected) {
    while (row >= end) end += records.rowCounts[++record] as number;
    place.offset = records.offsets[record] as number;
    place.appendMs = records.appendMs[record] as number;
    place.index = rowIndexes[row] as number;
    to.beginRow(writers.length + 2);
    to.text(`${partition}|${place.offset}|${place.index}`);
    to.int64(0);
    for (const write of writers) write(row, place);
  }
}

function cellWriter(to: CopyRows, { name, type, of }: FeedColumn, moneyExponent: number, batch: EventBatch): WriteCell {
  if (of?.kind !== 'field') return placeWriter(to, name, batch);
  const column = batch.columns.get(of.number);
  if (column === undefined) return () => to.null();
  return column.kind === 'number' ? numberWriter(to, column, type, moneyExponent) : textWriter(to, column);
}

function placeWriter(to: CopyRows, name: string, { partition }: EventBatch): WriteCell {
  switch (name) {
    case '_partition':
      return () => to.int64(partition);
    case '_offset':
      return (_row, { offset }) => to.int64(offset);
    case '_index':
      return (_row, { index }) => to.int64(index);
    default:
      return (_row, { appendMs }) => writeInstant(to, appendMs);
  }
}

/** Texts stand there as they go over the wire. */
function textWriter(to: CopyRows, column: Exclude<Column, { readonly kind: 'number' }>): WriteCell {
  const { bytes, offsets } = column;
  if (column.kind === 'dictionary') {
    const { indices } = column;
    return (row) => {
      const entry = indices[row] as number;
      if (entry < 0) to.null();
      else to.part(bytes, offsets[entry] as number, offsets[entry + 1] as number);
    };
  }
  const { nulls } = column;
  return (row) => {
    if (nulls !== null && nulls[row] === 1) to.null();
    else to.part(bytes, offsets[row] as number, offsets[row + 1] as number);
  };
}

function numberWriter(
  to: CopyRows,
  { values }: Extract<Column, { readonly kind: 'number' }>,
  type: FeedColumn['type'],
  moneyExponent: number,
): WriteCell {
  const write = numberType(to, type, moneyExponent);
  return (row) => {
    const value = values[row] as number;
    if (Number.isFinite(value))
      write(value + 0); // -0 is 0
    else to.null();
  };
}

function numberType(to: CopyRows, type: FeedColumn['type'], moneyExponent: number): (value: number) => void {
  switch (type) {
    case 'money':
      return (value) => writeMinorUnits(to, value, moneyExponent);
    case 'timestamp':
      return (value) => writeInstant(to, value);
    case 'bool':
      return (value) => to.bool(value !== 0);
    case 'int':
      return (value) => to.int64(value);
    default:
      return (value) => to.double(value);
  }
}
