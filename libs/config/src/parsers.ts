import { createHash } from 'node:crypto';
import { z } from 'zod';

/** What a page or a help text says of a kind of values. */
export interface Form<Value> {
  /** As in "a whole number". */
  readonly says: string;
  /** A value as it is written in the environment, for defaults. */
  readonly write: (value: Value) => string;
  /** Its values are never shown. */
  readonly isSecret: boolean;
  /** What may be shown of a text that holds a secret only in part. */
  readonly mask?: (text: string) => string;
}

/** The forms of all parsers; also of those that have a default or a description, by the parser they were made from. */
const forms = z.registry<{ readonly form: Form<never> }>();

/** The form of a parser that was made here; of others, that of text. */
export function formOf(schema: z.core.$ZodType): Form<never> {
  const known = forms.get(schema)?.form;
  if (known !== undefined) return known;
  return schema instanceof z.ZodDefault || schema instanceof z.ZodOptional ? formOf(schema.def.innerType) : TEXT;
}

/** Builds a parser of one variable from a function that returns the value or throws the problem, as in "must be …". */
function parser<Value>(parse: (text: string) => Value, form: Partial<Form<Value>> = {}): z.ZodType<Value, string> {
  const schema = z.string().transform((text, context) => {
    try {
      return parse(text);
    } catch (problem) {
      context.addIssue({ code: 'custom', message: (problem as Error).message });
      return z.NEVER;
    }
  });
  return schema.register(forms, { form: { ...TEXT, ...form } });
}

const TEXT: Form<never> = { says: 'text', write: (value) => String(value), isSecret: false };

function refuse(problem: string): never {
  throw new Error(problem);
}

/** Text as it is. */
export const text = parser((value) => value);

/** The path of a file. */
export const file = parser((value) => value, { says: 'the path of a file' });

/** Text that is never shown. */
export const secret = parser((value) => value, { says: 'a secret', isSecret: true });

/** A whole number in decimal digits, within inclusive bounds. */
export function wholeNumber(bounds: { readonly min?: number; readonly max?: number } = {}): z.ZodType<number, string> {
  const { min = 0, max = Number.MAX_SAFE_INTEGER } = bounds;
  const says = `a whole number ${max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`}`;
  return parser(
    (value) => {
      const number = Number(value);
      if (/^\d+$/.test(value) && number >= min && number <= max) return number;
      return refuse(`must be ${says}, not "${value}"`);
    },
    { says },
  );
}

/** A TCP port; 0 is any free one. */
export const port = wholeNumber({ max: 65_535 });

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `250ms`, `10s`, `5m`, `2h`, `7d` → milliseconds. */
export const duration = parser(
  (value) => {
    const [, digits, unit] = /^(\d+)(ms|s|m|h|d)$/.exec(value) ?? [];
    const ms = Number(digits) * (UNIT_MS[unit ?? ''] ?? NaN);
    return Number.isSafeInteger(ms) ? ms : refuse(`must be a duration like 250ms, 10s or 5m, not "${value}"`);
  },
  { says: 'a duration like 250ms, 10s or 5m', write: writeDuration },
);

/** In the largest unit that leaves no rest. */
function writeDuration(ms: number): string {
  const [unit = 'ms', size = 1] = Object.entries(UNIT_MS).findLast(([, each]) => ms >= each && ms % each === 0) ?? [];
  return `${ms / size}${unit}`;
}

/** `true` or `false`. */
export const flag = parser(
  (value) => (value === 'true' ? true : value === 'false' ? false : refuse(`must be true or false, not "${value}"`)),
  { says: 'true or false' },
);

/** Values separated by commas; blanks around them do not count. At least one. */
export const list: z.ZodType<readonly string[], string> = parser(
  (value) => {
    const parts = splitList(value);
    return parts.length > 0 ? parts : refuse('must name at least one, separated by commas');
  },
  { says: 'a list', write: (values) => values.join(',') },
);

const isAddress = (text: string): boolean => /^(\[[0-9a-fA-F:.]+\]|[^\s:/[\]]+):\d{1,5}$/.test(text);

/** `host:port`; an IPv6 address in brackets. */
export const address = parser((value) => (isAddress(value) ? value : refuse(`must be host:port, not "${value}"`)), {
  says: 'host:port',
});

/** `host:port,host:port`; IPv6 addresses in brackets. */
export const addresses: z.ZodType<readonly string[], string> = parser(
  (value) => {
    const parts = splitList(value);
    const wrong = parts.filter((part) => !isAddress(part));
    if (wrong.length > 0) return refuse(`must be host:port, not ${wrong.map((part) => `"${part}"`).join(', ')}`);
    return parts.length > 0 ? parts : refuse('must name at least one host:port');
  },
  { says: 'a list of host:port', write: (values) => values.join(',') },
);

/** Of a gRPC server: `host:port`, or `grpcs://host:port` for one that is reached over TLS. */
export const grpcAddress = parser(
  (value) =>
    isAddress(value.replace(/^grpcs:\/\//, ''))
      ? value
      : refuse(`must be host:port, or grpcs://host:port for TLS, not "${value}"`),
  { says: 'host:port, or grpcs://host:port' },
);

/** Origins of pages, `https://shop.example`, separated by commas; or `*`, which is all of them. */
export const origins: z.ZodType<readonly string[], string> = parser(
  (value) => {
    const parts = splitList(value);
    const wrong = parts.filter((part) => part !== '*' && !isOrigin(part));
    if (wrong.length > 0) {
      return refuse(
        `must be origins like https://shop.example, without a path, not ${wrong.map((part) => `"${part}"`).join(', ')}`,
      );
    }
    if (parts.includes('*') && parts.length > 1) return refuse('must be * alone, or the origins without it');
    return parts.length > 0 ? parts : refuse('must name at least one origin');
  },
  { says: 'origins like https://shop.example, or *', write: (values) => values.join(',') },
);

const isOrigin = (text: string): boolean =>
  /^https?:\/\/[^*]+$/.test(text) && URL.canParse(text) && new URL(text).origin === text;

/** One of a few words. */
export function oneOf<const Word extends string>(words: readonly Word[]): z.ZodType<Word, string> {
  return parser(
    (value) => words.find((word) => word === value) ?? refuse(`must be one of ${words.join(', ')}, not "${value}"`),
    { says: words.join(', ') },
  );
}

/** An absolute URL with one of the schemes. Its text is not repeated in the problem: it may hold a password. */
export function url(schemes: readonly string[]): z.ZodType<string, string> {
  const says = `a URL that begins with ${schemes.join(':// or ')}://`;
  return parser((value) => (hasScheme(value, schemes) ? value : refuse(`must be ${says}`)), { says, mask: maskUrl });
}

/** URLs with one of the schemes, separated by commas. */
export function urls(schemes: readonly string[]): z.ZodType<readonly string[], string> {
  const says = `URLs that begin with ${schemes.join(':// or ')}://`;
  return parser(
    (value) => {
      const parts = splitList(value);
      return parts.length > 0 && parts.every((part) => hasScheme(part, schemes)) ? parts : refuse(`must be ${says}`);
    },
    { says, write: (values) => values.join(','), mask: (text) => splitList(text).map(maskUrl).join(',') },
  );
}

const hasScheme = (text: string, schemes: readonly string[]): boolean =>
  URL.canParse(text) && schemes.includes(new URL(text).protocol.replace(/:$/, ''));

/** Without the password it may hold. */
function maskUrl(text: string): string {
  if (!URL.canParse(text)) return MASK;
  const parsed = new URL(text);
  return parsed.password === '' ? text : text.replace(/^([^:]+:\/\/[^:@]*):.*@/, `$1:${MASK}@`);
}

/** What is shown in place of a secret. */
export const MASK = '********';

/** A key that opens streams: all of them (null), or those named. The key itself is not kept. */
export interface GrantedKey {
  /** Of the key, as 64 hexadecimal digits. */
  readonly sha256: string;
  readonly streams: readonly string[] | null;
}

/** What is kept of a key, and compared with what is kept of those that callers show. */
export const hashOfKey = (key: string): string => createHash('sha256').update(key).digest('hex');

/**
 * `key` or `key:stream1|stream2`, separated by commas, or the word `none`, which gives an empty list: said explicitly,
 * so that a forgotten variable cannot open a service to everyone. `sha256:<64 hexadecimal digits>` stands for a key of which
 * only the hash is known here. Problems name a key by its place, never by its text.
 */
export const keyList: z.ZodType<readonly GrantedKey[], string> = parser(
  (value) => {
    if (value.trim() === 'none') return [];
    const keys = splitList(value).map(parseKey);
    return keys.length > 0 ? keys : refuse('must hold at least one key, or be none');
  },
  { says: 'keys, or none', write: () => 'none', isSecret: true },
);

/** A key to ask with. */
export interface ReadKey extends GrantedKey {
  /** It may also ask in SQL. */
  readonly sql: boolean;
}

/** As `keyList`; `key:stream1|stream2:sql`, or `key:*:sql` for all streams, may ask in SQL too. */
export const readKeyList: z.ZodType<readonly ReadKey[], string> = parser(
  (value) => {
    if (value.trim() === 'none') return [];
    const keys = splitList(value).map((part, index) => {
      const [, granted = part, sql] = /^((?:sha256:)?[^:]*:[^:]*)(:sql)?$/.exec(part) ?? [];
      return { ...parseKey(sql ? granted.replace(/:\*$/, '') : granted, index), sql: sql !== undefined };
    });
    return keys.length > 0 ? keys : refuse('must hold at least one key, or be none');
  },
  { says: 'keys, or none', write: () => 'none', isSecret: true },
);

function parseKey(part: string, index: number): GrantedKey {
  const [, hashed, granted = part] = /^(sha256:)(.*)$/.exec(part) ?? [];
  const colon = granted.indexOf(':');
  const key = colon < 0 ? granted : granted.slice(0, colon);
  const sha256 = hashed === undefined ? hashOf(key, index) : readHash(key, index);
  if (colon < 0) return { sha256, streams: null };
  const streams = granted.slice(colon + 1).split('|');
  if (streams.some((stream) => stream === '')) refuse(`key ${index + 1} must name its streams as key:stream1|stream2`);
  return { sha256, streams };
}

function hashOf(key: string, index: number): string {
  // What a bearer token may be made of (RFC 6750): a key with other characters could never be sent.
  if (!/^[A-Za-z0-9._~+/-]+=*$/.test(key)) {
    refuse(`key ${index + 1} must consist of letters, digits and any of - . _ ~ + /`);
  }
  if (key.length < 8) refuse(`key ${index + 1} must have at least 8 characters`);
  return hashOfKey(key);
}

function readHash(hash: string, index: number): string {
  if (/^[0-9a-f]{64}$/.test(hash)) return hash;
  return refuse(`key ${index + 1} must have 64 digits from 0 to f behind sha256:`);
}

function splitList(value: string): string[] {
  return value
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}
