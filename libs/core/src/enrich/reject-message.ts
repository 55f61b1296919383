import { MemberTree } from '../json/member-tree';
import { pathOf } from '../stream/fields';
import type { Field, StreamSchema } from '../stream/schema';

import type { RejectCode } from './types';

/** What a sender reads about a rejected row: constant for a code and field, so that many cost no more than few. */
export class RejectMessages {
  private readonly known = new Map<string, string>();
  private readonly tree: MemberTree;

  constructor(private readonly schema: StreamSchema) {
    this.tree = new MemberTree(schema.fields.map(pathOf));
  }

  /** The path of the field or object, or `$` for the row itself (slot -1). */
  path(slot: number): string {
    const field = this.schema.fields[slot];
    return field !== undefined ? pathOf(field) : (this.tree.objects[slot - this.tree.root] ?? '$');
  }

  message(code: RejectCode, slot: number): string {
    const key = `${code} ${slot}`;
    let message = this.known.get(key);
    if (message === undefined) {
      message = describe(code, this.schema, this.schema.fields[slot], slot >= this.tree.root);
      this.known.set(key, message);
    }
    return message;
  }
}

/** The message for JSON that breaks at a byte. */
export function brokenAt(byte: number, messages: RejectMessages): string {
  return `${messages.message('malformed-json', -1)} from byte ${byte} on`;
}

const EXPECTED: Readonly<Record<Field['type'], string>> = {
  string: 'a string or a number',
  int: 'a whole number',
  double: 'a number',
  money: 'an amount as a decimal number',
  bool: 'true or false',
  timestamp: 'an ISO 8601 time or epoch seconds or milliseconds',
};

function describe(
  code: RejectCode,
  { key, money, eventTime }: StreamSchema,
  field: Field | undefined,
  isObject: boolean,
): string {
  const expected = isObject ? 'an object' : field === undefined ? 'another type' : EXPECTED[field.type];
  switch (code) {
    case 'malformed-json':
      return 'this is not JSON';
    case 'invalid-utf8':
      return 'the text is not valid UTF-8 or holds half of a surrogate pair';
    case 'not-an-object':
      return 'an event is a JSON object';
    case 'too-deep':
      return 'objects and arrays may be nested 64 deep';
    case 'event-too-large':
      return 'an event may have 512 KiB';
    case 'record-too-large':
      return 'a record may have 1 MiB';
    case 'too-many-rows':
      return 'a record may have 8192 events';
    case 'unsupported-encoding':
      return 'the record is framed for a schema registry, which this stream does not read';
    case 'missing-field':
      return 'the field is required';
    case 'wrong-type':
      return `expected ${expected}`;
    case 'unknown-value':
      return `expected one of ${[...(field?.values ?? [])].join(', ')}`;
    case 'out-of-range':
      return field?.type === 'money'
        ? `the amount is beyond what ${money.currency} can hold exactly`
        : 'the number is beyond what can be held exactly';
    case 'duplicate-field':
      return 'the field is given twice';
    case 'bad-timestamp':
      return `expected ${EXPECTED.timestamp}, of the years 1970 to 9999`;
    case 'no-key':
      return `expected at least one of ${key.join(', ')}`;
    case 'in-the-future':
      return `the event is more than ${eventTime.futureToleranceMs} ms ahead of its arrival`;
  }
}
