/** What the value of one raw record holds: its rows as JSON texts, or the reason why it holds none. */
export type RecordTexts =
  { readonly kind: 'rows'; readonly rows: readonly RowText[] } | { readonly kind: 'broken'; readonly code: string };

export type RowText =
  { readonly kind: 'text'; readonly text: string } | { readonly kind: 'broken'; readonly code: string };

const MAX_RECORD_BYTES = 1024 * 1024;
const MAX_RECORD_ROWS = 8192;
const MAX_ROW_BYTES = 512 * 1024;

/** Takes a raw value apart by its first byte that is not white space: `[` an array, `{` one object or one a line. */
export function rowTextsOf(value: Uint8Array): RecordTexts {
  if (value.length > MAX_RECORD_BYTES) return { kind: 'broken', code: 'record-too-large' };
  const first = value.find((byte) => !isWhiteSpace(byte));
  if (first === undefined) return { kind: 'broken', code: 'malformed-json' };
  if (first === 0) return { kind: 'broken', code: 'unsupported-encoding' };
  const parsed = first === 0x5b ? arrayTexts(value) : first === 0x7b ? lineTexts(value) : null;
  if (parsed === null) return { kind: 'broken', code: 'malformed-json' };
  if (parsed.kind === 'rows' && parsed.rows.length > MAX_RECORD_ROWS) return { kind: 'broken', code: 'too-many-rows' };
  return parsed;
}

function arrayTexts(value: Uint8Array): RecordTexts {
  const text = utf8(value);
  if (text === null) return { kind: 'broken', code: 'invalid-utf8' };
  if (!isJson(text)) return { kind: 'broken', code: 'malformed-json' };
  return { kind: 'rows', rows: elementTexts(text).map((element) => checkSize(element)) };
}

function lineTexts(value: Uint8Array): RecordTexts {
  const whole = utf8(value);
  if (whole !== null && isJson(whole)) return { kind: 'rows', rows: [checkSize(whole.trim())] };
  const rows: RowText[] = [];
  for (const line of linesOf(value)) {
    const text = utf8(line);
    if (text === null) rows.push({ kind: 'broken', code: 'invalid-utf8' });
    else if (text.trim() !== '') rows.push(checkSize(text.trim()));
  }
  return { kind: 'rows', rows };
}

function checkSize(text: string): RowText {
  return Buffer.byteLength(text, 'utf8') > MAX_ROW_BYTES
    ? { kind: 'broken', code: 'event-too-large' }
    : { kind: 'text', text };
}

function linesOf(value: Uint8Array): Uint8Array[] {
  const lines: Uint8Array[] = [];
  let from = 0;
  for (let at = 0; at <= value.length; at += 1) {
    if (at < value.length && value[at] !== 0x0a) continue;
    lines.push(value.subarray(from, at));
    from = at + 1;
  }
  return lines;
}

/** The texts of the elements of an array that is known to be JSON. */
export function elementTexts(array: string): string[] {
  return splitTopLevel(array.trim().slice(1, -1));
}

/** Keys of an object that is known to be JSON, in the order they stand there: JSON.parse hides repeated ones. */
export function keysOf(object: string): string[] {
  return splitTopLevel(object.trim().slice(1, -1)).map((member) => {
    const end = endOfString(member, 0);
    return JSON.parse(member.slice(0, end)) as string;
  });
}

/** Splits at the commas that stand in no string, array or object. */
function splitTopLevel(inside: string): string[] {
  if (inside.trim() === '') return [];
  const parts: string[] = [];
  let depth = 0;
  let from = 0;
  for (let at = 0; at < inside.length; at += 1) {
    const character = inside[at];
    if (character === '"') at = endOfString(inside, at) - 1;
    else if (character === '[' || character === '{') depth += 1;
    else if (character === ']' || character === '}') depth -= 1;
    else if (character === ',' && depth === 0) {
      parts.push(inside.slice(from, at).trim());
      from = at + 1;
    }
  }
  parts.push(inside.slice(from).trim());
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

export function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function utf8(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

function isWhiteSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d;
}
