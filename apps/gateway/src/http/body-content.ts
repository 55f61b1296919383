import type { BodyForm } from '../ingest/splitter';

export type BodyEncoding = 'identity' | 'gzip' | 'br' | 'zstd';

const FORMS: ReadonlyMap<string, BodyForm> = new Map([
  ['application/json', 'json'],
  ['text/json', 'json'],
  ['application/x-ndjson', 'ndjson'],
  ['application/ndjson', 'ndjson'],
  ['application/jsonl', 'ndjson'],
  ['text/x-ndjson', 'ndjson'],
]);
const ENCODINGS: ReadonlyMap<string, BodyEncoding> = new Map([
  ['', 'identity'],
  ['identity', 'identity'],
  ['gzip', 'gzip'],
  ['x-gzip', 'gzip'],
  ['br', 'br'],
  ['zstd', 'zstd'],
]);
/** JSON is UTF-8; ASCII is part of it. */
const CHARSETS = new Set(['utf-8', 'utf8', 'us-ascii']);

/** The form that a Content-Type names; null for one we do not take, or a character set that JSON does not have. */
export function bodyFormOf(contentType: string | undefined): BodyForm | null {
  const [type = '', ...parameters] = (contentType ?? '').split(';').map((part) => part.trim().toLowerCase());
  for (const parameter of parameters) {
    const [, charset] = /^charset="?([^"]*)"?$/.exec(parameter) ?? [];
    if (charset !== undefined && !CHARSETS.has(charset)) return null;
  }
  return FORMS.get(type) ?? null;
}

/** The one coding that a Content-Encoding names; null for others and for several. */
export function bodyEncodingOf(contentEncoding: string | undefined): BodyEncoding | null {
  return ENCODINGS.get((contentEncoding ?? '').trim().toLowerCase()) ?? null;
}
