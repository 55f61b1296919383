import type { Expression, FieldType, StreamSchema } from '@tillstream/core';
import type { Section, Value } from './document';
import { fieldScope } from './field-section';
import type { DeclaredField } from './field-section';
import { readCondition } from './read-expression';
import { unknownField } from './unknown-field';

/** What sections that look at single events may rely on. */
export interface EventScope {
  readonly fields: ReadonlyMap<string, DeclaredField>;
  readonly money: StreamSchema['money'];
  /** The stream's key, as far as it is right. */
  readonly key: readonly string[];
  /** The stream's outOfOrderness, for sections that do not say their own. */
  readonly outOfOrdernessMs: number;
}

/** Types of fields that are told as texts. */
export const TEXTS: readonly FieldType[] = ['string', 'int'];

/** What a field may be in such a section: its types, and what it is called where nobody says so. */
const ROLES = {
  type: { types: ['string'], usual: 'event_type' },
  product: { types: TEXTS, usual: 'product_id' },
  category: { types: TEXTS, usual: 'category' },
  device: { types: TEXTS, usual: 'device_type' },
  location: { types: TEXTS, usual: 'country' },
  price: { types: ['money'], usual: 'price' },
  quantity: { types: ['int'], usual: 'quantity' },
  revenue: { types: ['money'], usual: 'revenue' },
} as const satisfies Readonly<Record<string, { readonly types: readonly FieldType[]; readonly usual: string }>>;
export type EventRole = keyof typeof ROLES;

/** The field that has a role: the one that is named, or one of the usual name and type. Null: there is none, or a wrong one. */
export function readRole<K extends string>(
  section: Section<K | EventRole>,
  role: EventRole,
  { fields }: EventScope,
): string | null {
  const { types, usual } = ROLES[role];
  const value = section.get(role);
  if (value !== null) return readField(value, fields, types);
  return isOneOf(fields.get(usual), types) ? usual : null;
}

/** Is it a field of one of these types? */
export function isOneOf(field: DeclaredField | undefined, types: readonly FieldType[]): boolean {
  return field?.type != null && types.includes(field.type);
}

/** A field of one of these types; null after its problem has been reported. */
export function readField(value: Value, fields: EventScope['fields'], types: readonly FieldType[]): string | null {
  const name = value.text();
  if (name === null) return null;
  const field = fields.get(name);
  if (field === undefined) return value.problem(unknownField(name, fields));
  if (field.type === null || types.includes(field.type)) return name;
  return value.problem(`must be ${types.join(' or ')}, ${name} is ${field.type}`);
}

/**
 * The condition that says which events are meant: the one that is written, or that their type is the usual one. Null: no
 * events are, or it is wrong.
 *
 * @param type the field that says what an event is
 */
export function readEvents(
  value: Value | null,
  usual: string,
  type: string | null,
  { fields, money }: EventScope,
): Expression | null {
  if (value !== null) return readCondition(value, { what: 'field', names: fieldScope(fields), money });
  const field = type === null ? undefined : fields.get(type);
  if (field?.type !== 'string' || (field.values !== null && !field.values.has(usual))) return null;
  return {
    kind: 'compare',
    operator: '==',
    left: { kind: 'field', name: field.name, type: 'string' },
    right: { kind: 'literal', value: usual, type: 'string' },
    type: 'bool',
  };
}
