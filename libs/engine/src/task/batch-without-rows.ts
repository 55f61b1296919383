import type { Column, EventBatch } from '@tillstream/core';

/**
 * The batch as if the records that an operator has given up had held no accepted rows. Time still moves as it did: the
 * record table keeps their watermark inputs.
 */
export function withoutRowsOf(batch: EventBatch, isGivenUp: (rawOffset: number) => boolean): EventBatch {
  const { records } = batch;
  const rowCounts = Uint32Array.from(records.rowCounts);
  const kept: number[] = [];
  let row = 0;
  for (let record = 0; record < records.count; record += 1) {
    const rows = records.rowCounts[record] ?? 0;
    if (isGivenUp(records.offsets[record] ?? -1)) rowCounts[record] = 0;
    else for (let i = 0; i < rows; i += 1) kept.push(row + i);
    row += rows;
  }
  if (kept.length === batch.rows) return batch;
  return {
    ...batch,
    rows: kept.length,
    records: { ...records, rowCounts },
    rowIndexes: Uint32Array.from(kept, (from) => batch.rowIndexes[from] ?? 0),
    columns: new Map([...batch.columns].map(([number, column]) => [number, selectRows(column, kept)])),
  };
}

/** A column with some of its rows, in the order in which they are named; -1: null. */
export function selectRows(column: Column, kept: readonly number[]): Column {
  switch (column.kind) {
    case 'number':
      return { kind: 'number', values: Float64Array.from(kept, (row) => column.values[row] ?? NaN) };
    case 'dictionary':
      return { ...column, indices: Int32Array.from(kept, (row) => column.indices[row] ?? -1) };
    case 'text': {
      const texts = kept.map((row) => column.bytes.subarray(column.offsets[row] ?? 0, column.offsets[row + 1] ?? 0));
      const offsets = new Uint32Array(kept.length + 1);
      texts.forEach((text, index) => (offsets[index + 1] = (offsets[index] ?? 0) + text.length));
      const bytes = new Uint8Array(offsets[kept.length] ?? 0);
      texts.forEach((text, index) => bytes.set(text, offsets[index] ?? 0));
      const { nulls } = column;
      const isNull = nulls !== null || kept.includes(-1);
      return {
        ...{ kind: 'text', bytes, offsets },
        nulls: isNull ? Uint8Array.from(kept, (row) => (row < 0 ? 1 : (nulls?.[row] ?? 0))) : null,
      };
    }
  }
}
