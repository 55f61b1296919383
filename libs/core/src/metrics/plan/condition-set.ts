import type { Expression } from '../../expression/ast';
import { compileCondition } from '../../expression/compile-expression';
import type { Condition } from '../../expression/columns';

/** Stands for the condition that holds for every row. */
export const ALWAYS = -1;

/** The conditions of all metrics, each once: `event_type == 'purchase'` is evaluated once a batch for all who ask. */
export class ConditionSet {
  readonly conditions: Condition[] = [];
  private readonly indexes = new Map<string, number>();

  /** Index of an expression's condition, ALWAYS for none. */
  add(expression: Expression | null): number {
    if (expression === null) return ALWAYS;
    const key = JSON.stringify(expression);
    let index = this.indexes.get(key);
    if (index === undefined) {
      index = this.conditions.push(compileCondition(expression)) - 1;
      this.indexes.set(key, index);
    }
    return index;
  }
}
