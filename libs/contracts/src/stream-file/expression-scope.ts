import type { ASTNode } from '@marcbachmann/cel-js';
import type { Expression, ExpressionType, StreamSchema } from '@tillstream/core';

/** A name that an expression may use. */
export interface ScopeName {
  /** Null: its declaration is wrong and has been reported; whatever uses it is left alone. */
  readonly type: ExpressionType | null;
  /** The only values it can have; null: any. */
  readonly values?: ReadonlySet<string> | null;
  /** What events may say → the value it is read as. */
  readonly aliases?: ReadonlyMap<string, string>;
  /** Why the name cannot be used in an expression. */
  readonly refused?: string;
  /** Stands for the name, where that is more than reading it. */
  readonly expression?: Expression;
}

/** The names of an expression and what money means in it. */
export interface ExpressionScope {
  /** What the names are: `field` or `measure`. */
  readonly what: string;
  readonly names: ReadonlyMap<string, ScopeName>;
  readonly money: StreamSchema['money'];
  /** Functions that only these expressions have. */
  readonly functions?: ReadonlyMap<string, ScopeFunction>;
}

/** Reads a call of a function; null after every problem has been reported. */
export type ScopeFunction = (call: ASTNode, args: readonly ASTNode[], report: ReportAt) => Expression | null;

/** Takes a problem at an index of the expression's text. */
export type ReportAt = (index: number, message: string) => null;
