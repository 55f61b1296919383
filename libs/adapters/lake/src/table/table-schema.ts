import type { ColumnType, TypedColumn } from '../sql/column-type';

/** The columns as the log of a Delta table says them. Every value may be null. */
export function schemaText(columns: readonly TypedColumn[]): string {
  return JSON.stringify(deltaType({ kind: 'struct', fields: columns }));
}

/** @throws Error for a type that Tillstream never writes */
export function columnsOf(schema: string): readonly TypedColumn[] {
  const type = columnType(JSON.parse(schema) as DeltaType);
  if (typeof type === 'string' || type.kind !== 'struct') throw new Error('the schema of a table must be a struct');
  return type.fields;
}

/** The name of a type as a schema has it, for messages and to compare. */
export function typeText(type: ColumnType): string {
  const text = deltaType(type);
  return typeof text === 'string' ? text : JSON.stringify(text);
}

type DeltaType =
  | string
  | { readonly type: 'array'; readonly elementType: DeltaType; readonly containsNull: boolean }
  | { readonly type: 'struct'; readonly fields: readonly DeltaField[] };

interface DeltaField {
  readonly name: string;
  readonly type: DeltaType;
  readonly nullable: boolean;
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** Simple types as others may have written them, and what we call them. */
const SIMPLE: Readonly<Record<string, ColumnType>> = {
  string: 'string',
  long: 'long',
  integer: 'long',
  short: 'long',
  byte: 'long',
  double: 'double',
  float: 'double',
  boolean: 'boolean',
  timestamp: 'timestamp',
  date: 'date',
  binary: 'binary',
};

function deltaType(type: ColumnType): DeltaType {
  if (typeof type === 'string') return type;
  switch (type.kind) {
    case 'decimal':
      return `decimal(${type.precision},${type.scale})`;
    case 'array':
      return { type: 'array', elementType: deltaType(type.element), containsNull: true };
    case 'struct':
      return { type: 'struct', fields: type.fields.map((field) => deltaField(field)) };
  }
}

function deltaField({ name, type }: TypedColumn): DeltaField {
  return { name, type: deltaType(type), nullable: true, metadata: {} };
}

function columnType(type: DeltaType): ColumnType {
  if (typeof type === 'string') {
    const simple = SIMPLE[type];
    if (simple !== undefined) return simple;
    const decimal = /^decimal\((\d+),(\d+)\)$/u.exec(type);
    if (decimal !== null) return { kind: 'decimal', precision: Number(decimal[1]), scale: Number(decimal[2]) };
  } else if (type.type === 'struct') {
    return { kind: 'struct', fields: type.fields.map((field) => ({ name: field.name, type: columnType(field.type) })) };
  } else if (type.type === 'array') {
    return { kind: 'array', element: columnType(type.elementType) };
  }
  throw new Error(`no table of a lake has columns of the type ${JSON.stringify(type)}`);
}
