import type { StreamSchema } from '../stream/schema';

import type { RowReader } from './row-reader';
import { compileRowNumber, compileRowText, type RowNumber, type RowText } from './row-expression';
import { ABSENT, FROM_SCRATCH } from './row-registers';

interface RowDefault {
  readonly slot: number;
  readonly where: RowNumber | null;
  readonly number: RowNumber | null;
  readonly text: RowText | null;
  readonly integer: boolean;
}

/**
 * Gives absent fields the values their declaration computes from the rest of the row, in the order of declaration: a
 * default sees the defaults of the fields declared before it.
 */
export class RowDefaults {
  private readonly defaults: readonly RowDefault[];

  constructor(
    schema: StreamSchema,
    private readonly reader: RowReader,
  ) {
    this.defaults = schema.fields.flatMap((field, slot) => {
      if (field.default === null) return [];
      const { value, where } = field.default;
      const text = field.type === 'string';
      return {
        slot,
        where: where === null ? null : compileRowNumber(where, reader),
        number: text ? null : compileRowNumber(value, reader),
        text: text ? compileRowText(value, reader) : null,
        integer: field.type === 'int' || field.type === 'money',
      };
    });
  }

  /** Rejects the row as `out-of-range` where a default cannot be held exactly. */
  apply(): void {
    const { registers } = this.reader;
    for (let i = 0; i < this.defaults.length; i++) {
      const rule = this.defaults[i] as RowDefault;
      if (registers.statusOf(rule.slot) !== ABSENT) continue;
      if (rule.where !== null && rule.where.evaluate() !== 1) continue;
      if (rule.text !== null) this.takeText(rule.slot, rule.text);
      else if (rule.number !== null) this.takeNumber(rule.slot, rule.number, rule.integer);
    }
  }

  private takeNumber(slot: number, expression: RowNumber, integer: boolean): void {
    const { registers } = this.reader;
    const value = expression.evaluate();
    if (Number.isNaN(value)) return;
    if (Math.abs(value) > (integer ? Number.MAX_SAFE_INTEGER : Number.MAX_VALUE)) {
      return this.reader.reject('out-of-range', slot);
    }
    registers.number[registers.base + slot] = value;
    registers.setNumber(slot);
  }

  private takeText(slot: number, expression: RowText): void {
    const { cursor, registers } = this.reader;
    if (!expression.locate()) return;
    const start = cursor.scratchEnd;
    cursor.appendToScratch(expression.bytes, expression.start, expression.end);
    registers.setText(slot, FROM_SCRATCH, start, cursor.scratchEnd);
    this.reader.values.settleText(slot);
  }
}
