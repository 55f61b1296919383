/** What the value of one raw record holds: its rows, or the reason why it holds none. */
export type RecordTexts =
  { readonly kind: 'rows'; readonly rows: readonly RowText[] } | { readonly kind: 'broken'; readonly code: string };

export type RowText =
  { readonly kind: 'text'; readonly text: string } | { readonly kind: 'broken'; readonly code: string };

const MAX_RECORD_BYTES = 1024 * 1024;
const MAX_RECORD_ROWS = 8192;
const MAX_ROW_BYTES = 512 * 1024;
const ADDED_BRACKETS = 2;
const BYTE_ORDER_MARK = '\xef\xbb\xbf';

/**
 * Takes a raw value apart by its first byte that is not white space: `[` an array, `{` one object or one a line.
 *
 * Works on one character per byte: bytes above 0x7f can only stand within strings, so the structure is the same, and a
 * row with broken UTF-8 leaves its neighbours alone.
 *
 * @param rerouted the rows were put into an array by whoever re-routed them
 */
export function rowTextsOf(value: Uint8Array, rerouted = false): RecordTexts {
  if (value.length > MAX_RECORD_BYTES + (rerouted ? ADDED_BRACKETS : 0))
    return { kind: 'broken', code: 'record-too-large' };
  let bytes = Buffer.from(value).toString('latin1');
  if (bytes.startsWith(BYTE_ORDER_MARK)) bytes = bytes.slice(BYTE_ORDER_MARK.length);
  bytes = trimmed(bytes);
  if (bytes.startsWith('\0')) return { kind: 'broken', code: 'unsupported-encoding' };
  if (!bytes.startsWith('{') && !bytes.startsWith('[')) return { kind: 'broken', code: 'malformed-json' };

  const whole = isJson(bytes);
  if (bytes.startsWith('[') && !whole) return { kind: 'broken', code: 'malformed-json' };
  const texts = bytes.startsWith('[') ? elementTexts(bytes) : whole ? [bytes] : bytes.split('\n').map(trimmed);
  const rows = texts.filter((text) => text !== '').map(rowText);
  return rows.length > MAX_RECORD_ROWS ? { kind: 'broken', code: 'too-many-rows' } : { kind: 'rows', rows };
}

function rowText(bytes: string): RowText {
  if (!isJson(bytes)) return { kind: 'broken', code: 'malformed-json' };
  const text = utf8(Buffer.from(bytes, 'latin1'));
  if (text === null) return { kind: 'broken', code: 'invalid-utf8' };
  return bytes.length > MAX_ROW_BYTES ? { kind: 'broken', code: 'event-too-large' } : { kind: 'text', text };
}

/** The texts of the elements of an array that is known to be JSON. */
function elementTexts(array: string): string[] {
  return splitTopLevel(array.slice(1, -1));
}

/** Keys and the texts of their values, of an object that is known to be JSON, in the order they stand there. */
export function membersOf(object: string): { readonly name: string; readonly value: string }[] {
  return splitTopLevel(object.slice(1, -1)).map((member) => {
    const end = endOfString(member, 0);
    return { name: JSON.parse(member.slice(0, end)) as string, value: trimmed(trimmed(member.slice(end)).slice(1)) };
  });
}

/** Splits at the commas that stand in no string, array or object. */
function splitTopLevel(inside: string): string[] {
  if (trimmed(inside) === '') return [];
  const parts: string[] = [];
  let depth = 0;
  let from = 0;
  for (let at = 0; at < inside.length; at += 1) {
    const character = inside[at];
    if (character === '"') at = endOfString(inside, at) - 1;
    else if (character === '[' || character === '{') depth += 1;
    else if (character === ']' || character === '}') depth -= 1;
    else if (character === ',' && depth === 0) {
      parts.push(trimmed(inside.slice(from, at)));
      from = at + 1;
    }
  }
  parts.push(trimmed(inside.slice(from)));
  return parts;
}

/** Position after the closing quote of the string that begins at `from`. */
function endOfString(text: string, from: number): number {
  let at = from + 1;
  while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at + 1;
}

/** Deepest nesting of arrays and objects in a JSON text. */
export function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (character === '"') at = endOfString(text, at) - 1;
    else if (character === '[' || character === '{') deepest = Math.max(deepest, (depth += 1));
    else if (character === ']' || character === '}') depth -= 1;
  }
  return deepest;
}

/** Whether a text is one JSON value, by the engine's own parser. */
export function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Without JSON's own white space at both ends; String.trim would take more. */
function trimmed(text: string): string {
  return text.replace(/^[ \t\n\r]+/, '').replace(/[ \t\n\r]+$/, '');
}

function utf8(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}
