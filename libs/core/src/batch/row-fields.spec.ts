import fc from 'fast-check';

import { numberAt, textAt } from './column-access';
import type { Column } from './event-batch';
import type { RowField } from './row-fields';
import { declareFields, toColumns } from './row-fields';

interface Row {
  readonly text: string | null;
  readonly word: string | null;
  readonly number: number | null;
  readonly flag: boolean | null;
}

const FIELDS: readonly RowField<Row>[] = [
  { name: 'text', type: 'string', optional: true, value: ({ text }) => text },
  { name: 'word', type: 'string', optional: true, dictionary: true, value: ({ word }) => word },
  { name: 'number', type: 'double', optional: true, value: ({ number }) => number },
  { name: 'flag', type: 'bool', value: ({ flag }) => flag },
];

const aText = fc.string({ unit: 'grapheme', maxLength: 9 });
const aRow: fc.Arbitrary<Row> = fc.record({
  text: fc.option(aText),
  word: fc.option(fc.oneof(aText, fc.constantFrom('red', 'grün', '👍🏽'))),
  number: fc.option(fc.double({ noNaN: true })),
  flag: fc.option(fc.boolean()),
});

function valueAt(column: Column | undefined, row: number): string | number | null {
  if (column === undefined) return null;
  return column.kind === 'number' ? numberAt(column, row) : textAt(column, row);
}

describe('fields of computed rows', () => {
  it('are numbered in their order', () => {
    expect(
      declareFields(FIELDS).map(({ number, name, optional, dictionary }) => [number, name, optional, dictionary]),
    ).toEqual([
      [1, 'text', true, false],
      [2, 'word', true, true],
      [3, 'number', true, false],
      [4, 'flag', false, false],
    ]);
  });

  it('are columns that say what each row does', () => {
    fc.assert(
      fc.property(fc.array(aRow, { maxLength: 20 }), (rows) => {
        const columns = toColumns(FIELDS, rows);
        rows.forEach((row, i) => {
          expect([1, 2, 3, 4].map((number) => valueAt(columns.get(number), i))).toEqual([
            row.text,
            row.word,
            row.number,
            row.flag === null ? null : Number(row.flag),
          ]);
        });
        for (const column of columns.values())
          if (column.kind === 'dictionary') expect(isEachEntryUsedOnce(column)).toBe(true);
      }),
    );
  });

  it('have no column where they are null in every row', () => {
    expect([...toColumns(FIELDS, [{ text: null, word: null, number: NaN, flag: true }]).keys()]).toEqual([4]);
    expect(toColumns(FIELDS, []).size).toBe(0);
  });
});

function isEachEntryUsedOnce({ indices, offsets }: Extract<Column, { kind: 'dictionary' }>): boolean {
  return new Set(indices.filter((index) => index >= 0)).size === offsets.length - 1;
}
