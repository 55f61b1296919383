import { isNumberText, toUnits } from './decimal';
import { instantOfNumber, instantOfText } from './instant';
import type { PlainDefinition, PlainField, PlainRow, PlainValue } from './plain-definition';
import { depthOf, membersOf, type RowText } from './row-texts';

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

/** Everything a row alone decides. The first problem in the order of the text counts, then those of the row as a whole. */
export function readRow(definition: PlainDefinition, rowText: RowText): ReadRow {
  if (rowText.kind === 'broken') return { kind: 'invalid', code: rowText.code };
  try {
    const row = parseRow(definition, rowText.text);
    const key = definition.key.map((field) => row[field]).find((value) => value !== null && value !== undefined);
    if (key === undefined) throw new Invalid('no-key');
    for (const [name, { optional }] of Object.entries(definition.fields)) {
      if (row[name] === null && optional !== true) throw new Invalid('missing-field');
    }
    return { kind: 'valid', row, key: String(key), eventTimeMs: Number(row[definition.eventTime]) };
  } catch (problem) {
    if (problem instanceof Invalid) return { kind: 'invalid', code: problem.rejectCode };
    throw problem;
  }
}

function parseRow(definition: PlainDefinition, text: string): PlainRow {
  if (!text.startsWith('{')) throw new Invalid('not-an-object');
  const row: Record<string, PlainValue> = {};
  for (const name of Object.keys(definition.fields)) row[name] = null;
  readMembers(definition, text, '', row);
  if (depthOf(text) > MAX_DEPTH) throw new Invalid('too-deep');
  for (const [name, field] of Object.entries(definition.fields)) {
    if (row[name] !== null || field.otherwise === undefined) continue;
    const value = field.otherwise(row);
    if (typeof value === 'bigint' && !isSafe(value)) throw new Invalid('out-of-range');
    row[name] = value;
  }
  return row;
}

/** Members of the object at a path (`` for the event, else with a dot behind it): fields, and objects that have fields. */
function readMembers(definition: PlainDefinition, text: string, path: string, row: Record<string, PlainValue>): void {
  const fields = Object.entries(definition.fields).map(([name, field]) => ({ name, field, at: field.path ?? name }));
  const given = new Set<string>();
  for (const { name: key, value: valueText } of membersOf(text)) {
    if (key.includes('.') || key === '') continue; // no path is written so
    const here = `${path}${key}`;
    const found = fields.find(({ at }) => at === here);
    const isObject = fields.some(({ at }) => at.startsWith(`${here}.`));
    if (found === undefined && !isObject) continue;
    if (given.has(key)) throw new Invalid('duplicate-field');
    given.add(key);
    if (found === undefined) {
      if (valueText.startsWith('{')) readMembers(definition, valueText, `${here}.`, row);
      else if (!valueText.startsWith('[') && valueText !== 'null') throw new Invalid('wrong-type');
      continue;
    }
    const { name, field } = found;
    const value = readField(definition, field, parseExactly(valueText));
    const absentIfEmpty = name === definition.id || definition.key.includes(name);
    row[name] = value === '' && absentIfEmpty ? null : value;
  }
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
  if (typeof value === 'string' && /\p{Surrogate}/u.test(value)) throw new Invalid('invalid-utf8');
  switch (field.type) {
    case 'string':
      return readString(field, value);
    case 'bool':
      if (typeof value !== 'boolean') throw new Invalid('wrong-type');
      return value;
    case 'timestamp':
      return readTime(value);
    case 'money':
      return readMoney(numberText(value), definition.minorDigits);
    case 'int':
      return readInt(numberText(value));
    case 'double':
      return readDouble(numberText(value));
  }
}

/** Ids are often written as numbers: they are taken by their digits. */
function readString(field: PlainField, value: unknown): string {
  const text = value instanceof NumberText ? value.text : value;
  if (typeof text !== 'string') throw new Invalid('wrong-type');
  if (text === '' && field.values === undefined) return text;
  const canonical = field.aliases !== undefined && Object.hasOwn(field.aliases, text) ? field.aliases[text] : text;
  if (canonical === undefined || (field.values !== undefined && !field.values.includes(canonical))) {
    throw new Invalid('unknown-value');
  }
  return canonical;
}

function readTime(value: unknown): number {
  let instant: number | null;
  if (typeof value === 'string') instant = instantOfText(value);
  else if (value instanceof NumberText) instant = instantOfNumber(value.text);
  else throw new Invalid('wrong-type');
  if (instant === null || !(instant >= 0 && instant <= LATEST_MS)) throw new Invalid('bad-timestamp');
  return instant;
}

/** Numbers may be written as JSON numbers or as their text. */
function numberText(value: unknown): string {
  const text = value instanceof NumberText ? value.text : value;
  if (typeof text !== 'string' || !isNumberText(text)) throw new Invalid('wrong-type');
  return text;
}

function readMoney(text: string, minorDigits: number): bigint {
  const { units } = toUnits(text, minorDigits);
  if (!isSafe(units)) throw new Invalid('out-of-range');
  return units;
}

function readInt(text: string): number {
  const { units, exact } = toUnits(text, 0);
  if (!isSafe(units)) throw new Invalid('out-of-range');
  if (!exact) throw new Invalid('wrong-type');
  return Number(units);
}

function readDouble(text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value)) throw new Invalid('out-of-range');
  return value;
}

function isSafe(units: bigint): boolean {
  return units <= BigInt(Number.MAX_SAFE_INTEGER) && units >= -BigInt(Number.MAX_SAFE_INTEGER);
}
