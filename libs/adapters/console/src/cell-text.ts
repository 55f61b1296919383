import { isoInstant } from '@tillstream/contracts';
import type { FeedColumnType, FeedValue } from '@tillstream/contracts';

const NOTHING = '–';
/** What would move the cursor, or more: a terminal obeys what it is shown. */
// eslint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

/** A value for people, on one line, cut to so many characters. */
export function cellText(value: FeedValue, type: FeedColumnType, mostCharacters: number): string {
  if (value === null) return NOTHING;
  return cut(plainText(value, type).replace(CONTROL, escaped), mostCharacters);
}

/** As in tables of numbers everywhere. */
export function isRightAligned(type: FeedColumnType): boolean {
  return type === 'int' || type === 'double' || type === 'money' || type === 'decimal';
}

export function cut(text: string, mostCharacters: number): string {
  if (text.length <= mostCharacters) return text;
  const characters = [...text];
  return characters.length <= mostCharacters ? text : `${characters.slice(0, mostCharacters - 1).join('')}…`;
}

function plainText(value: Exclude<FeedValue, null>, type: FeedColumnType): string {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('utf8');
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value === 'number') return type === 'timestamp' ? isoInstant(value) : numberText(value, type);
  if (type === 'strings' && Array.isArray(value)) return value.map((item) => String(item)).join(', ');
  return JSON.stringify(value);
}

/** Of fractions six digits say enough. */
function numberText(value: number, type: FeedColumnType): string {
  return type === 'double' ? String(Number(value.toPrecision(6))) : String(value);
}

function escaped(character: string): string {
  return JSON.stringify(character).slice(1, -1).replace(CONTROL, unicode);
}

function unicode(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
