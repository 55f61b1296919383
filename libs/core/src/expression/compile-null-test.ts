import type { Condition, Formula } from './columns';
import type { TextFormula } from './compile-text';
import { BitVector } from './vectors';

/** Is a text null, or (with `whenNull` 0) is it not? */
export function compileTextNullTest(text: TextFormula, whenNull: 0 | 1): Condition {
  const bits = new BitVector();
  return (columns) => {
    const { rows } = columns;
    const column = text(columns);
    if (column === null) return bits.take(rows).fill(whenNull, 0, rows);
    const out = bits.take(rows).fill(1 - whenNull, 0, rows);
    if (column.kind === 'dictionary') {
      for (let i = 0; i < rows; i++) if ((column.indices[i] as number) < 0) out[i] = whenNull;
    } else if (column.nulls !== null) {
      for (let i = 0; i < rows; i++) if (column.nulls[i] === 1) out[i] = whenNull;
    }
    return out;
  };
}

/** Is a number null, or (with `whenNull` 0) is it not? */
export function compileNumberNullTest(operand: Formula, whenNull: 0 | 1): Condition {
  const bits = new BitVector();
  return (columns) => {
    const { rows } = columns;
    const values = operand(columns);
    const out = bits.take(rows);
    for (let i = 0; i < rows; i++) out[i] = Number.isNaN(values[i]) ? whenNull : 1 - whenNull;
    return out;
  };
}
