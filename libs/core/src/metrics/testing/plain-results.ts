import type { StreamSchema } from '../../stream/schema';
import { decodeGroupKey } from '../groups/group-key';
import type { MeasureColumn, ResultBlock } from '../output';
import type { RowValue } from './evaluate-row';
import type { MeasureValue, PlainResult, RankedValue } from './window-oracle';

/** A group of a block in plain values. */
export interface PlainUpsert extends PlainResult {
  readonly retracted: boolean;
}

/** The groups of a block, in its order. */
export function plainResults(block: ResultBlock, schema: StreamSchema): PlainUpsert[] {
  const { groups, measures, metric } = block;
  return Array.from({ length: groups.count }, (_, i) => ({
    group: decodeGroupKey(groups.bytes.subarray(groups.offsets[i], groups.offsets[i + 1]), metric, schema),
    measures: Object.fromEntries(
      metric.measures.map(({ name }, m) => [name, valueOf(measures[m] as MeasureColumn, i)]),
    ),
    truncated: block.truncated?.[i] === 1,
    retracted: block.retracted?.[i] === 1,
  }));
}

function valueOf(column: MeasureColumn, row: number): MeasureValue {
  switch (column.kind) {
    case 'number': {
      const value = column.values[row] as number;
      return Number.isNaN(value) ? null : value;
    }
    case 'decimal':
      return column.texts[row] ?? null;
    case 'value': {
      const item = column.at[row] as number;
      return item < 0 ? null : column.items.valueOf(item);
    }
    case 'ranking': {
      const { items, amounts, starts } = column;
      const from = starts[row] as number;
      return Array.from({ length: (starts[row + 1] as number) - from }, (_, i): RankedValue => {
        const amount = amounts[from + i] as number;
        return { value: items.valueOf(from + i), amount: Number.isNaN(amount) ? null : amount };
      });
    }
    case 'list': {
      const { items, starts } = column;
      const from = starts[row] as number;
      return Array.from({ length: (starts[row + 1] as number) - from }, (_, i): RowValue => items.valueOf(from + i));
    }
  }
}

/** In an order that does not depend on where the results come from. */
export function sortedResults(results: readonly PlainResult[]): PlainResult[] {
  return results
    .map(({ group, measures, truncated }) => ({ group, measures, truncated }))
    .sort((a, b) => (JSON.stringify(a.group) < JSON.stringify(b.group) ? -1 : 1));
}
