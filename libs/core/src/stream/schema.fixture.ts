import type { Expression } from '../expression/ast';

import type { Field, FieldType, StreamSchema } from './schema';

/** What a test says of a field; everything else has a default. */
export type FieldSketch = Partial<Omit<Field, 'number' | 'name' | 'type'>>;

/** A field for tests: optional, without dictionary, aliases, values or default unless the sketch says otherwise. */
export function aField(name: string, type: FieldType, sketch: FieldSketch = {}): Omit<Field, 'number'> {
  return {
    name,
    type,
    optional: true,
    dictionary: false,
    aliases: new Map(),
    values: null,
    default: null,
    ...sketch,
  };
}

/** A stream for tests; fields are numbered in order. */
export function aSchema(
  fields: readonly Omit<Field, 'number'>[],
  sketch: Partial<Omit<StreamSchema, 'fields'>> & Pick<StreamSchema, 'key' | 'eventTime'>,
): StreamSchema {
  return {
    stream: 'test',
    partitions: 4,
    id: null,
    dedupe: { withinMs: 600_000, maxRows: 1_048_576 },
    money: { currency: 'USD', exponent: 2 },
    ...sketch,
    fields: fields.map((field, i) => ({ number: i + 1, ...field })),
  };
}

export const EVENT_TYPES = ['page_view', 'add_to_cart', 'remove_from_cart', 'purchase', 'search', 'wishlist'];

/** Bounds of event time as the shipped commerce stream has them. */
export const COMMERCE_EVENT_TIME: StreamSchema['eventTime'] = {
  field: 'timestamp',
  outOfOrdernessMs: 10_000,
  futureToleranceMs: 300_000,
  idleAfterMs: 10_000,
};

const isPurchase: Expression = {
  kind: 'compare',
  operator: '==',
  left: { kind: 'field', name: 'event_type', type: 'string' },
  right: { kind: 'literal', value: 'purchase', type: 'string' },
  type: 'bool',
};

const priceTimesQuantity: Expression = {
  kind: 'arithmetic',
  operator: '*',
  left: { kind: 'field', name: 'price', type: 'money' },
  right: { kind: 'field', name: 'quantity', type: 'int' },
  type: 'money',
};

/** A shop's stream as tests and benchmarks use it: keyed by user, ids, money, aliases and defaults. */
export function aCommerceSchema(sketch: Partial<Omit<StreamSchema, 'fields'>> = {}): StreamSchema {
  const dictionary = { dictionary: true };
  return aSchema(
    [
      aField('event_id', 'string'),
      aField('event_type', 'string', {
        optional: false,
        dictionary: true,
        aliases: new Map([
          ['view', 'page_view'],
          ['cart', 'add_to_cart'],
          ['Product Viewed', 'page_view'],
        ]),
        values: new Set(EVENT_TYPES),
      }),
      aField('timestamp', 'timestamp', { optional: false }),
      aField('user_id', 'string'),
      aField('anonymous_id', 'string'),
      aField('session_id', 'string'),
      aField('product_id', 'string', dictionary),
      aField('product_name', 'string', dictionary),
      aField('category', 'string', dictionary),
      aField('price', 'money'),
      aField('quantity', 'int', {
        default: { value: { kind: 'literal', value: 1, type: 'int' }, where: isPurchase },
      }),
      aField('revenue', 'money', { default: { value: priceTimesQuantity, where: isPurchase } }),
      aField('device_type', 'string', dictionary),
      aField('country', 'string', dictionary),
    ],
    {
      stream: 'commerce',
      key: ['user_id', 'anonymous_id', 'session_id'],
      id: 'event_id',
      eventTime: COMMERCE_EVENT_TIME,
      ...sketch,
    },
  );
}
