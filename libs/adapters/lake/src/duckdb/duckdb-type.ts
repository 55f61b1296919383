import {
  BIGINT,
  BLOB,
  BOOLEAN,
  DATE,
  DECIMAL,
  DOUBLE,
  type DuckDBType,
  LIST,
  STRUCT,
  TIMESTAMPTZ,
  VARCHAR,
} from '@duckdb/node-api';

import type { ColumnType } from '../sql/column-type';

const SIMPLE = {
  string: VARCHAR,
  long: BIGINT,
  double: DOUBLE,
  boolean: BOOLEAN,
  timestamp: TIMESTAMPTZ,
  date: DATE,
  binary: BLOB,
} as const;

/** The type as the binding of DuckDB has it. */
export function duckdbType(type: ColumnType): DuckDBType {
  if (typeof type === 'string') return SIMPLE[type];
  if (type.kind === 'decimal') return DECIMAL(type.precision, type.scale);
  if (type.kind === 'array') return LIST(duckdbType(type.element));
  return STRUCT(Object.fromEntries(type.fields.map((field) => [field.name, duckdbType(field.type)])));
}
