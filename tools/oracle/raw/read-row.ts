import { toMinorUnits } from './decimal';
import { instantOfNumber, instantOfText } from './instant';
import type { PlainDefinition, PlainField, PlainRow, PlainValue } from './plain-definition';
import { depthOf, isJson, keysOf, type RowText } from './row-texts';

/** A row by itself, without its place in the log: what it says, or why it can never be processed. */
export type ReadRow =
  | { readonly kind: 'valid'; readonly row: PlainRow; readonly key: string; readonly eventTimeMs: number }
  | { readonly kind: 'invalid'; readonly code: string };

const MAX_DEPTH = 64;
/** Years 1970 to 9999. */
const LATEST_MS = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

class Invalid extends Error {
  constructor(readonly rejectCode: string) {
    super(rejectCode);
  }
}

/** Everything a row alone decides. */
export function readRow(definition: PlainDefinition, rowText: RowText): ReadRow {
  if (rowText.kind === 'broken') return { kind: 'invalid', code: rowText.code };
  try {
    const row = parseRow(definition, rowText.text);
    const key = definition.key.map((field) => row[field]).find((value) => value != null && value !== '');
    if (key === undefined) throw new Invalid('no-key');
    return { kind: 'valid', row, key: String(key), eventTimeMs: Number(row[definition.eventTime]) };
  } catch (problem) {
    if (problem instanceof Invalid) return { kind: 'invalid', code: problem.rejectCode };
    throw problem;
  }
}

function parseRow(definition: PlainDefinition, text: string): PlainRow {
  if (!isJson(text)) throw new Invalid('malformed-json');
  if (depthOf(text) > MAX_DEPTH) throw new Invalid('too-deep');
  if (!text.startsWith('{')) throw new Invalid('not-an-object');
  const declared = keysOf(text).filter((key) => Object.hasOwn(definition.fields, key));
  if (new Set(declared).size < declared.length) throw new Invalid('duplicate-field');
  const json = parseExactly(text) as Readonly<Record<string, unknown>>;
  const row: Record<string, PlainValue> = {};
  for (const [name, field] of Object.entries(definition.fields)) {
    row[name] = readField(definition, field, Object.hasOwn(json, name) ? json[name] : null);
  }
  for (const [name, field] of Object.entries(definition.fields)) {
    if (row[name] === null && field.otherwise !== undefined) row[name] = field.otherwise(row);
    if (row[name] === null && field.optional !== true) throw new Invalid('missing-field');
  }
  return row;
}

/** A JSON number as it was written: a double would have lost digits. */
class NumberText {
  constructor(readonly text: string) {}
}

type Reviver = (key: string, value: unknown, context: { readonly source?: string }) => unknown;

function parseExactly(text: string): unknown {
  const keepNumberText: Reviver = (_key, value, context) =>
    typeof value === 'number' ? new NumberText(context.source ?? String(value)) : value;
  return JSON.parse(text, keepNumberText as (key: string, value: unknown) => unknown);
}

function readField(definition: PlainDefinition, field: PlainField, value: unknown): PlainValue {
  if (value === null) return null;
  switch (field.type) {
    case 'string':
      return readString(field, value);
    case 'bool':
      if (typeof value !== 'boolean') throw new Invalid('wrong-type');
      return value;
    case 'timestamp':
      return readTime(value);
    case 'money':
      return readMoney(definition, value);
    case 'int':
    case 'double':
      return readNumber(field.type, value);
  }
}

function readString(field: PlainField, value: unknown): string {
  if (typeof value !== 'string') throw new Invalid('wrong-type');
  const canonical = field.aliases !== undefined && Object.hasOwn(field.aliases, value) ? field.aliases[value] : value;
  if (canonical === undefined || (field.values !== undefined && !field.values.includes(canonical))) {
    throw new Invalid('unknown-value');
  }
  return canonical;
}

function readTime(value: unknown): number {
  let instant: number | null = null;
  if (typeof value === 'string') instant = instantOfText(value);
  else if (value instanceof NumberText) instant = instantOfNumber(Number(value.text));
  else throw new Invalid('wrong-type');
  if (instant === null || !(instant >= 0 && instant <= LATEST_MS)) throw new Invalid('bad-timestamp');
  return instant;
}

function readMoney(definition: PlainDefinition, value: unknown): bigint {
  const text = value instanceof NumberText ? value.text : value;
  if (typeof text !== 'string') throw new Invalid('wrong-type');
  const units = toMinorUnits(text, definition.minorDigits);
  if (units === null) throw new Invalid('wrong-type');
  if (units > BigInt(Number.MAX_SAFE_INTEGER) || units < -BigInt(Number.MAX_SAFE_INTEGER)) {
    throw new Invalid('out-of-range');
  }
  return units;
}

function readNumber(type: 'int' | 'double', value: unknown): number {
  if (!(value instanceof NumberText)) throw new Invalid('wrong-type');
  const number = Number(value.text);
  if (type === 'double') {
    if (!Number.isFinite(number)) throw new Invalid('out-of-range');
    return number;
  }
  if (!Number.isInteger(number)) throw new Invalid(Number.isFinite(number) ? 'wrong-type' : 'out-of-range');
  if (!Number.isSafeInteger(number)) throw new Invalid('out-of-range');
  return number;
}
