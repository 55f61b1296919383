import { parseStreamFile, type StreamDefinition } from '@tillstream/contracts';
import type { Field, StreamSchema } from '@tillstream/core';
import type { PlainDefinition } from '../../oracle/raw/plain-definition';
import { plainCommerce } from '../../oracle/commerce-definition';
import { commerceText } from '../../oracle/three-metrics';
import { PLAIN_SHOP, ShopRows } from '@tillstream/shop-events';

export const START_MS = Date.parse('2026-03-01T09:00:00Z');

export function commerceDefinition(): StreamDefinition {
  const parsed = parseStreamFile(commerceText(), { file: 'commerce.yaml' });
  if (!parsed.ok) throw new Error('the shipped stream file is broken');
  return parsed.definition;
}

const dedupe = { withinMs: 20_000, maxRows: 60 };

/** Fields of the types that the shipped stream has none of, and some within objects. */
const ADDED = {
  a_double: { type: 'double', optional: true },
  a_bool: { type: 'bool', optional: true },
  a_timestamp: { type: 'timestamp', optional: true },
  'page.kind': { type: 'string', optional: true },
  'page.size.kb': { type: 'int', optional: true },
} as const;

/** The shipped stream with a short memory and those fields. */
export function everyTypeSchema(): StreamSchema {
  const { schema } = commerceDefinition();
  const added = Object.entries(ADDED).map(([name, { type }], i): Field => ({
    number: 100 + i,
    name,
    type,
    optional: true,
    dictionary: false,
    aliases: new Map(),
    values: null,
    default: null,
  }));
  return { ...schema, dedupe, fields: [...schema.fields, ...added] };
}

/** The same for the oracle. */
export const plainEveryType: PlainDefinition = {
  ...plainCommerce,
  dedupe,
  fields: {
    ...plainCommerce.fields,
    ...ADDED,
  },
};

/** Texts of rows, each as producers write them or with one of the faults they make. */
export function rowTexts(count: number, seed = 1): readonly string[] {
  const rows = new ShopRows({ ...PLAIN_SHOP, seed, users: 6, duplicates: 0.1, bad: 0.4, disorderMs: 20_000 });
  const page = (i: number) => `{"page":{"kind":"k${i}","size":{"kb":${i},"x":[]}},"`;
  return Array.from({ length: count }, (_, i) => {
    const { text } = rows.next(START_MS + i * 1_000);
    return i % 3 === 0 ? text.replace(/^\{"/, page(i)) : text;
  });
}

/** Of the JSON of events. */
export const JSON_WORDS: readonly string[] = [
  ...[
    '{"',
    '":',
    '","',
    '},{',
    '[{',
    '}]',
    '\n',
    '\r\n',
    '\ufeff',
    '\\u0000',
    '\\ud83d\\ude00',
    '\\ud800',
    '\\"',
    '\\\\',
  ],
  ...['null', 'true', 'false', '-0', '1e400', '1e-400', '9007199254740991', '9007199254740993', '0.125', '[[[[[[[['],
  ...Object.keys(plainEveryType.fields).map((name) => `"${name}":`),
  ...['"page":{', '"page":{"kind":"cart","size":{"kb":12}},', '"page":[],', '"size":{', '"kb":"7"', '"kind":'],
  ...['"a_double":1.5', '"a_bool":true', '"a_timestamp":"2026-03-01T09:00:00.123+05:30"', '"price":19.99'],
  ...['"event_type":"purchase"', '"timestamp":1772355600', '"timestamp":1772355600123', '"user_id":"u1"'],
  ...['2026-03-01 09:00:00 UTC', '2024-02-29', 'T24:00:00Z', '.999999999Z', '-00:00', '+23:59', '9999-12-31'],
];
