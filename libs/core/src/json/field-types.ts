import type { FieldType } from '../stream/schema';

/** Types of fields as small numbers, for tables by slot. */
export const STRING = 0;
export const INT = 1;
export const DOUBLE = 2;
export const MONEY = 3;
export const BOOL = 4;
export const TIMESTAMP = 5;

const TYPES: readonly FieldType[] = ['string', 'int', 'double', 'money', 'bool', 'timestamp'];

export function typeNumber(type: FieldType): number {
  return TYPES.indexOf(type);
}
