import type { PlainDefinition, PlainRow } from './plain-definition';

/** The part of a partition that one declaration is in force for. */
export interface Stretch {
  /** The first raw offset, and the first behind the last. */
  readonly from: number;
  readonly until: number;
  /** Events up to this time were of what was in force before: here they come too late. -Infinity: nothing was. */
  readonly sinceMs: number;
}

/** A field's text; null where there is none, or an empty one. */
export function textOf(row: PlainRow, field: string | null): string | null {
  const value = field === null ? null : (row[field] ?? null);
  return value === null || value === '' ? null : String(value);
}

/** The field that is a row's key; null: it has none. */
export function keyOf({ key }: PlainDefinition, row: PlainRow): string | null {
  return key.find((field) => textOf(row, field) !== null) ?? null;
}
