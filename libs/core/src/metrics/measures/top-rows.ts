import { NULL_ID } from '../groups/key-space';
import type { TopPart } from '../plan/metric-plan';
import type { RowRun } from '../slices/row-run';
import type { Slice } from '../slices/slice';
import type { TopTable } from './top-table';

/** Adds the amounts of rows to their values, for their entries. A row without a value or an amount is left out. */
export function addAmounts(slice: Slice, { condition, amount, top }: TopPart, run: RowRun): void {
  const { view, rows, from, to, entries } = run;
  const mask = view.mask(condition);
  const table = slice.tops[top] as TopTable;
  const { members } = table;
  members.resolve(rows, from, to, mask);
  const { ids } = members;
  const numbers = amount === null ? null : view.numbers(amount);
  for (let i = from; i < to; i++) {
    const row = rows[i] as number;
    if (mask !== null && mask[row] === 0) continue;
    const member = ids[row] as number;
    const number = numbers === null ? 1 : (numbers[row] as number);
    if (member !== NULL_ID && !Number.isNaN(number)) table.add(entries[i] as number, member, number);
  }
}
