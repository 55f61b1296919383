import type { TextTest } from './text-functions';
import type { TimePart } from './time-part';

/** Static type of an expression. `null` is the type of the literal null only. */
export type ExpressionType = 'string' | 'int' | 'double' | 'money' | 'bool' | 'timestamp' | 'null';

export type ComparisonOperator = '==' | '!=' | '<' | '<=' | '>' | '>=';
export type ArithmeticOperator = '+' | '-' | '*' | '/' | '%';

/**
 * A typed condition or formula over the fields of a row (or over the measures of a result), as checked by the parser of
 * stream files. Null semantics are those of the columns: arithmetic with a null is null; a comparison with a null
 * operand is false (`!=` true), except that `x == null` and `x != null` test for null. A test of a null text is false, a
 * function of null is null, and a choice with a null condition is the other one.
 */
export type Expression =
  | { readonly kind: 'field'; readonly name: string; readonly type: ExpressionType }
  | { readonly kind: 'literal'; readonly value: string | number | boolean | null; readonly type: ExpressionType }
  | {
      readonly kind: 'compare';
      readonly operator: ComparisonOperator;
      readonly left: Expression;
      readonly right: Expression;
      readonly type: 'bool';
    }
  | {
      readonly kind: 'arithmetic';
      readonly operator: ArithmeticOperator;
      readonly left: Expression;
      readonly right: Expression;
      readonly type: ExpressionType;
    }
  | {
      readonly kind: 'logic';
      readonly operator: '&&' | '||';
      readonly left: Expression;
      readonly right: Expression;
      readonly type: 'bool';
    }
  | { readonly kind: 'not'; readonly operand: Expression; readonly type: 'bool' }
  | { readonly kind: 'negate'; readonly operand: Expression; readonly type: ExpressionType }
  | {
      readonly kind: 'in';
      readonly operand: Expression;
      /** Literals of the operand's type. */
      readonly values: readonly (string | number | boolean)[];
      readonly type: 'bool';
    }
  | {
      readonly kind: 'text-test';
      readonly test: TextTest;
      readonly operand: Expression;
      readonly pattern: string;
      readonly type: 'bool';
    }
  /** A to Z as a to z. */
  | { readonly kind: 'lower'; readonly operand: Expression; readonly type: 'string' }
  /** Number of code points. */
  | { readonly kind: 'size'; readonly operand: Expression; readonly type: 'int' }
  | { readonly kind: 'time-part'; readonly part: TimePart; readonly operand: Expression; readonly type: 'int' }
  | {
      readonly kind: 'choice';
      readonly condition: Expression;
      readonly whenTrue: Expression;
      readonly otherwise: Expression;
      readonly type: ExpressionType;
    };
// Money literals are in minor units here: the parser has already scaled them (`total > 100` of USD is 10000).
