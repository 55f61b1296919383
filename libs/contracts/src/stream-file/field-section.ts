import type { Expression, Field, FieldType, StreamSchema } from '@tillstream/core';
import { parseMoney } from '@tillstream/core';
import type { MapEntry, Section, Value } from './document';
import type { ExpressionScope, ScopeName } from './expression-scope';
import { nearestName } from './nearest-name';
import { refusedFieldName, refusedPath } from './names';
import { readCondition, readFormula } from './read-expression';

const TYPES: readonly FieldType[] = ['string', 'int', 'double', 'money', 'bool', 'timestamp'];
const KEYS = ['type', 'path', 'optional', 'dictionary', 'aliases', 'values', 'default'] as const;
type FieldKey = (typeof KEYS)[number];

/** A declared field, as far as its declaration can be understood. */
export interface DeclaredField {
  readonly name: string;
  /** Null: the name. */
  readonly path: string | null;
  /** Null: wrong, and reported. */
  readonly type: FieldType | null;
  readonly optional: boolean;
  readonly hasDefault: boolean;
  readonly values: ReadonlySet<string> | null;
  readonly aliases: ReadonlyMap<string, string>;
}

/** What `fields:` declares. */
export interface DeclaredFields {
  readonly byName: ReadonlyMap<string, DeclaredField>;
  /** Columns in order of declaration. Complete only where nothing was wrong. */
  readonly fields: readonly Field[];
}

/** Reads `fields:`. Every field is understood before any default is, because defaults name other fields. */
export function readFields(fields: Value, money: StreamSchema['money'], moneyDeclared: boolean): DeclaredFields | null {
  const entries = fields.entries();
  if (entries === null) return null;
  if (entries.length === 0) return fields.problem('an event has at least one field');
  const drafts = entries.map((entry) => readField(entry, moneyDeclared));
  const byName = new Map(drafts.map(({ declared }) => [declared.name, declared]));
  drafts.forEach((draft, i) => refuseTakenPath(draft, drafts.slice(0, i), drafts));
  const scope: ExpressionScope = { what: 'field', names: defaultScope(byName), money };
  const complete = drafts.map(({ declared, section }, i): Field => {
    const { name, path, type, optional, values, aliases } = declared;
    return {
      number: i + 1,
      name,
      ...(path === null ? {} : { path }), // no key, so that files that say no path mean what they always did
      type: type ?? 'string',
      optional,
      dictionary: readDictionary(section, type),
      aliases,
      values,
      default: readDefault(section, declared, scope),
    };
  });
  return { byName, fields: complete };
}

/** Fields that need no declaration, as if they had been declared. */
export function declaredFields(fields: readonly Field[]): ReadonlyMap<string, DeclaredField> {
  return new Map(
    fields.map(({ name, type, optional, values, aliases }) => [
      name,
      { name, path: null, type, optional, hasDefault: false, values, aliases },
    ]),
  );
}

/** The fields as names of an expression. */
export function fieldScope(fields: ReadonlyMap<string, DeclaredField>): ReadonlyMap<string, ScopeName> {
  return new Map([...fields.values()].map(({ name, type, values, aliases }) => [name, { type, values, aliases }]));
}

/** A default is computed from what the event says, not from other defaults: then their order cannot matter. */
function defaultScope(fields: ReadonlyMap<string, DeclaredField>): ReadonlyMap<string, ScopeName> {
  const scope = new Map(fieldScope(fields));
  for (const { name, hasDefault } of fields.values()) {
    const refused = `${name} has a default itself: a default can only use fields that have none`;
    if (hasDefault) scope.set(name, { type: null, refused });
  }
  return scope;
}

function readField({ key: name, keyValue, value }: MapEntry, moneyDeclared: boolean) {
  const section = value.section(KEYS);
  const path = readPath(section);
  const refusal = refusedFieldName(name);
  if (refusal !== null) {
    const remedy = path === null && refusedPath(name) === null ? `: give it another name, and path: ${name}` : '';
    keyValue.problem(`${refusal}${remedy}`);
  }
  const typeValue = section?.require('type') ?? null;
  const type = typeValue?.oneOf(TYPES, 'type') ?? null;
  if (type === 'money' && !moneyDeclared) typeValue?.problem('money needs a currency: add money: {currency: USD}');
  const aliases = readAliases(section, type);
  const values = readValues(section, type, aliases);
  const hasDefault = (section?.get('default') ?? null) !== null;
  const optionalValue = section?.get('optional') ?? null;
  const optional = optionalValue?.boolean() ?? null;
  if (hasDefault && optional === false) optionalValue?.problem('a field with a default may always be absent');
  const declared: DeclaredField = {
    name,
    path,
    type,
    optional: optional === true || hasDefault,
    hasDefault,
    values,
    aliases: new Map(aliases.map(({ alias, canonical }) => [alias, canonical])),
  };
  return { declared, section, place: section?.get('path') ?? keyValue };
}

function readPath(section: Section<FieldKey> | null): string | null {
  const value = section?.get('path') ?? null;
  const path = value?.text() ?? null;
  if (value === null || path === null) return null;
  const refusal = refusedPath(path);
  return refusal === null ? path : value.problem(refusal);
}

/** A draft of a field, and where its path stands in the file. */
type Draft = ReturnType<typeof readField>;

/** A value of an event is one field's, and what has a value has no members. */
function refuseTakenPath({ declared, place }: Draft, before: readonly Draft[], all: readonly Draft[]): void {
  const path = declared.path ?? declared.name;
  const twin = before.find((other) => (other.declared.path ?? other.declared.name) === path)?.declared;
  // That a name is given twice has been said.
  if (twin !== undefined) place.problem(`${path} is read by the field ${twin.name} already`);
  const above = all.map((other) => other.declared.path ?? other.declared.name).find((at) => path.startsWith(`${at}.`));
  if (above !== undefined) place.problem(`${above} is a field of its own, so that it cannot be an object`);
}

function readDictionary(section: Section<FieldKey> | null, type: FieldType | null): boolean {
  const value = section?.get('dictionary') ?? null;
  const dictionary = value?.boolean() ?? false;
  if (dictionary && type !== null && type !== 'string') value?.problem(`only strings have a dictionary, not ${type}`);
  return dictionary;
}

/** What events may say, what it is read as, and where that stands in the file. */
interface Alias {
  readonly alias: string;
  readonly canonical: string;
  readonly value: Value;
}

function readAliases(section: Section<FieldKey> | null, type: FieldType | null): readonly Alias[] {
  const declaration = section?.get('aliases') ?? null;
  if (declaration === null) return [];
  if (type !== null && type !== 'string') {
    declaration.problem(`only strings have aliases, not ${type}`);
    return [];
  }
  return (declaration.entries() ?? []).flatMap(({ key: alias, value }) => {
    const canonical = value.text();
    return canonical === null ? [] : { alias, canonical, value };
  });
}

function readValues(
  section: Section<FieldKey> | null,
  type: FieldType | null,
  aliases: readonly Alias[],
): ReadonlySet<string> | null {
  const declaration = section?.get('values') ?? null;
  if (declaration === null) return null;
  if (type !== null && type !== 'string') return declaration.problem(`only strings have a list of values, not ${type}`);
  const items = declaration.list();
  if (items === null) return null;
  const values = new Set<string>();
  for (const item of items) {
    const text = item.text();
    if (text === null) continue;
    const alias = aliases.find((candidate) => candidate.alias === text);
    if (values.has(text)) item.problem(`${text} is given twice`);
    else if (alias !== undefined)
      item.problem(`${text} is a value and an alias of ${alias.canonical}: it can be only one`);
    values.add(text);
  }
  for (const { canonical, value } of aliases) {
    if (values.has(canonical)) continue;
    const near = nearestName(canonical, values);
    value.problem(`${canonical} is not one of the values${near === null ? '' : `: did you mean ${near}?`}`);
  }
  return values;
}

function readDefault(
  section: Section<FieldKey> | null,
  field: DeclaredField,
  scope: ExpressionScope,
): { readonly value: Expression; readonly where: Expression | null } | null {
  const declaration = section?.get('default') ?? null;
  if (declaration === null) return null;
  if (!declaration.isMap) {
    const value = readLiteral(declaration, field, scope);
    return value === null ? null : { value, where: null };
  }
  const parts = declaration.section(['value', 'where']);
  const formula = parts?.require('value') ?? null;
  const value = readFormula(formula, scope);
  if (value !== null && field.type !== null && !fits(value.type, field.type)) {
    formula?.problem(`${field.name} is ${field.type}, but its default is ${value.type}`);
  }
  const where = readCondition(parts?.get('where') ?? null, scope);
  return value === null ? null : { value, where };
}

function fits(value: Expression['type'], field: FieldType): boolean {
  return value === field || (value === 'int' && field === 'double');
}

/** A default that is written as a plain value: no formula, so text needs no quotes. */
function readLiteral(value: Value, { type, values }: DeclaredField, scope: ExpressionScope): Expression | null {
  const text = value.text();
  if (text === null || type === null) return null;
  const wrong = () => value.problem(`"${text}" is not of type ${type}; a formula is written {value: …, where: …}`);
  switch (type) {
    case 'string':
      if (values !== null && !values.has(text)) return value.problem(`${text} is not one of the values`);
      return { kind: 'literal', value: text, type };
    case 'bool':
      return text === 'true' || text === 'false' ? { kind: 'literal', value: text === 'true', type } : wrong();
    case 'int':
      return /^-?\d+$/.test(text) && Number.isSafeInteger(Number(text))
        ? { kind: 'literal', value: Number(text), type }
        : wrong();
    case 'double':
      return /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(text) && Number.isFinite(Number(text))
        ? { kind: 'literal', value: Number(text), type }
        : wrong();
    case 'money': {
      const amount = parseMoney(text, scope.money.exponent);
      return amount === null || amount.rounded ? wrong() : { kind: 'literal', value: amount.minor, type };
    }
    case 'timestamp':
      return value.problem('an instant has no plain default');
  }
}
