import { eventJson, type ShopEvent } from './shop-event';

/** Ways a row can be bad, by the word that dead letters and rejections use for them. */
export const BAD_KINDS = [
  'malformed-json',
  'missing-field',
  'wrong-type',
  'unknown-value',
  'bad-timestamp',
  'out-of-range',
  'duplicate-field',
  'no-key',
  'in-the-future',
] as const;
export type BadKind = (typeof BAD_KINDS)[number];

/** The event with one thing wrong, as JSON text without a line break. */
export function badRow(event: ShopEvent, kind: BadKind): string {
  const json = eventJson(event);
  switch (kind) {
    case 'malformed-json':
      return json.slice(0, -7);
    case 'missing-field':
      return json.replace(/"timestamp":"[^"]*",/, '');
    case 'wrong-type':
      return withField(json, '"quantity":"two"');
    case 'unknown-value':
      return json.replace(`"event_type":"${event.event_type}"`, '"event_type":"teleport"');
    case 'bad-timestamp':
      return json.replace(/"timestamp":"[^"]*"/, '"timestamp":"yesterday, about noon"');
    case 'out-of-range':
      return withField(json, '"price":1e400');
    case 'duplicate-field':
      return json.replace('{', '{"event_type":"page_view",');
    case 'no-key':
      return json.replace(/,"user_id":"[^"]*"/, '').replace(/,"session_id":"[^"]*"/, '');
    case 'in-the-future':
      return json.replace(/"timestamp":"[^"]*"/, '"timestamp":"2999-12-31T23:59:59.000Z"');
  }
}

/** Puts a field in place of the one of that name, or at the end where the event has none. */
function withField(json: string, field: string): string {
  const [name] = field.split(':');
  const present = new RegExp(`${name}:(?:"[^"]*"|[^,}]*)`);
  return present.test(json) ? json.replace(present, field) : json.replace(/\}$/, `,${field}}`);
}
