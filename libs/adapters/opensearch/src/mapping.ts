import type { FeedColumn, FeedTable } from '@tillstream/contracts';

/** A field of an index, as its mapping has it. */
export interface MappedField {
  readonly type: string;
  readonly [setting: string]: unknown;
}

/** By dotted name, leaves only. */
export type Mapping = Readonly<Record<string, MappedField>>;

/** Where a row stands: beside the columns of its table, and out of the way of the store's own `_index`. */
export const PLACE = '@row';

/** Longer texts are kept and returned, but not found: the store refuses terms of more than 32,766 bytes. */
const MAX_TERM_CHARACTERS = 8_191;

/** What a column is called in a document: the store has names of its own that begin with `_`. */
export function fieldName({ name }: Pick<FeedColumn, 'name'>): string {
  return name.startsWith('_') ? `${PLACE}.${name.slice(1)}` : name;
}

/** The fields of a table's documents. */
export function mappingOf(
  { columns }: FeedTable,
  { moneyExponent, text }: { readonly moneyExponent: number; readonly text: readonly string[] },
): Mapping {
  const searched = new Set(text);
  return {
    '@timestamp': { type: 'date' },
    [`${PLACE}.partition`]: { type: 'long' },
    [`${PLACE}.offset`]: { type: 'long' },
    [`${PLACE}.index`]: { type: 'long' },
    ...Object.fromEntries(
      columns.map((column) => [fieldName(column), fieldOf(column, moneyExponent, searched.has(column.name))]),
    ),
  };
}

function fieldOf({ type }: FeedColumn, moneyExponent: number, isSearched: boolean): MappedField {
  switch (type) {
    case 'string':
    case 'strings':
      return isSearched ? { type: 'text', fields: { keyword: keyword() } } : keyword();
    case 'int':
      return { type: 'long' };
    case 'double':
    case 'decimal':
      return { type: 'double' };
    case 'money':
      return { type: 'scaled_float', scaling_factor: 10 ** moneyExponent };
    case 'bool':
      return { type: 'boolean' };
    case 'timestamp':
      return { type: 'date' };
    case 'json':
      return { type: 'object', enabled: false };
    case 'bytes':
      return { type: 'binary' };
  }
}

function keyword(): MappedField {
  return { type: 'keyword', ignore_above: MAX_TERM_CHARACTERS };
}

/** Two columns of which one would be an object that holds the other; null: there are none. */
export function nestedColumns(mapping: Mapping): readonly [string, string] | null {
  for (const name of Object.keys(mapping)) {
    for (let dot = name.indexOf('.'); dot > 0; dot = name.indexOf('.', dot + 1)) {
      const outer = name.slice(0, dot);
      if (mapping[outer] !== undefined) return [outer, name];
    }
  }
  return null;
}

/** What an index says of its fields, as stores answer: objects within objects. */
export function flatMapping(properties: unknown, prefix = ''): Mapping {
  const found: Record<string, MappedField> = {};
  if (!isObject(properties)) return found;
  for (const [name, field] of Object.entries(properties)) {
    if (!isObject(field)) continue;
    if (isObject(field['properties'])) Object.assign(found, flatMapping(field['properties'], `${prefix}${name}.`));
    else found[`${prefix}${name}`] = { ...field, type: typeof field['type'] === 'string' ? field['type'] : 'object' };
  }
  return found;
}

/** A field that an index has otherwise than a mapping wants it, in words; null: what it has does. */
export function conflictOf(wanted: Mapping, found: Mapping): string | null {
  for (const [name, field] of Object.entries(wanted)) {
    const there = found[name];
    if (there !== undefined && !isSame(field, there))
      return `${name} is ${there.type} there and must be ${describe(field)}`;
    const within = Object.keys(found).find((other) => other.startsWith(`${name}.`));
    if (there === undefined && within !== undefined) return `${name} is an object there and must be ${describe(field)}`;
  }
  return nestedIn(wanted, found);
}

/** A field that is to be an object, where the index has a value. */
function nestedIn(wanted: Mapping, found: Mapping): string | null {
  for (const name of Object.keys(wanted)) {
    for (let dot = name.indexOf('.'); dot > 0; dot = name.indexOf('.', dot + 1)) {
      const there = found[name.slice(0, dot)];
      if (there !== undefined) return `${name.slice(0, dot)} is ${there.type} there and must be an object with ${name}`;
    }
  }
  return null;
}

/** Longer or shorter keywords and another analyzer do no harm; another type or scale does. */
function isSame(wanted: MappedField, there: MappedField): boolean {
  if (wanted.type !== there.type) return false;
  if (wanted.type === 'scaled_float') return Number(wanted['scaling_factor']) === Number(there['scaling_factor']);
  return wanted.type !== 'object' || there['enabled'] === false || there['enabled'] === 'false';
}

function describe({ type, scaling_factor: scale }: MappedField): string {
  return typeof scale === 'number' ? `${type} with scaling_factor ${scale}` : type;
}

/** Those fields of a mapping that another does not have; null: it has all. */
export function missingIn(wanted: Mapping, found: Mapping): Mapping | null {
  const missing = Object.entries(wanted).filter(([name]) => found[name] === undefined);
  return missing.length === 0 ? null : Object.fromEntries(missing);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
