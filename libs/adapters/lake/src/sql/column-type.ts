import type { FeedColumnType } from '@tillstream/contracts';

import { quoteName } from './quote';

/** Type of a lake table's column, by the names of the Delta protocol. */
export type ColumnType =
  | 'string'
  | 'long'
  | 'double'
  | 'boolean'
  | 'timestamp'
  | 'date'
  | 'binary'
  | { readonly kind: 'decimal'; readonly precision: number; readonly scale: number }
  | { readonly kind: 'array'; readonly element: ColumnType }
  | { readonly kind: 'struct'; readonly fields: readonly TypedColumn[] };

export interface TypedColumn {
  readonly name: string;
  readonly type: ColumnType;
}

/** Digits of money: what 64 bits hold. */
const MONEY_PRECISION = 18;

/** How the lake keeps a value of a feed. @param moneyScale digits of the stream's money behind the point */
export function columnTypeOf(type: FeedColumnType, moneyScale: number): ColumnType {
  switch (type) {
    case 'string':
    case 'decimal':
    case 'json':
      return 'string';
    case 'int':
      return 'long';
    case 'double':
      return 'double';
    case 'money':
      return { kind: 'decimal', precision: MONEY_PRECISION, scale: moneyScale };
    case 'bool':
      return 'boolean';
    case 'timestamp':
      return 'timestamp';
    case 'strings':
      return { kind: 'array', element: 'string' };
    case 'bytes':
      return 'binary';
  }
}

/** The type as DuckDB writes it. */
export function sqlType(type: ColumnType): string {
  if (typeof type === 'string') return SQL_TYPES[type];
  if (type.kind === 'decimal') return `DECIMAL(${type.precision},${type.scale})`;
  if (type.kind === 'array') return `${sqlType(type.element)}[]`;
  return `STRUCT(${type.fields.map((field) => `${quoteName(field.name)} ${sqlType(field.type)}`).join(', ')})`;
}

const SQL_TYPES = {
  string: 'VARCHAR',
  long: 'BIGINT',
  double: 'DOUBLE',
  boolean: 'BOOLEAN',
  timestamp: 'TIMESTAMPTZ',
  date: 'DATE',
  binary: 'BLOB',
} as const;
