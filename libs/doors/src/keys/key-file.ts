import { isMap, isScalar, isSeq, LineCounter, parseDocument, type Node } from 'yaml';
import { nearestName } from '@tillstream/config';
import type { KeyEntry } from './key-entry';

/** What the keys of a file are for. */
export type KeyUse = 'write' | 'read';

/** What a file of keys is read as. */
export interface KeyFileKind {
  /** As problems name it. */
  readonly file: string;
  readonly use: KeyUse;
  /** That there are. */
  readonly streams: readonly string[];
}

/** The keys of a file, or all that is wrong with it: one line each, with the place. */
export type ReadKeyFile =
  | { readonly ok: true; readonly entries: readonly KeyEntry[] }
  | { readonly ok: false; readonly problems: readonly string[] };

/** All are compared with each call's. */
const MAX_KEYS = 1_000;
const FIELDS: Readonly<Record<KeyUse, readonly string[]>> = {
  write: ['name', 'sha256', 'streams', 'eventsPerSecond', 'requestsPerSecond', 'expires'],
  read: ['name', 'sha256', 'streams', 'sql', 'requestsPerSecond', 'expires'],
};

/** Reads `keys: [{name, sha256, streams, …}]`. A problem never repeats what may be a key. */
export function parseKeyFile(text: string, kind: KeyFileKind): ReadKeyFile {
  const { file } = kind;
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const problems: string[] = [];
  const at = (offset: number | undefined): string => {
    const { line, col } = lines.linePos(offset ?? 0);
    return `${file}:${Math.max(line, 1)}:${Math.max(col, 1)}`;
  };
  const refuse = (node: Node | null, problem: string): void => {
    problems.push(`${at(node?.range?.[0])}: ${problem}`);
  };
  for (const { pos, code } of document.errors) problems.push(`${at(pos[0])}: this is not YAML: ${code}`);
  const list: unknown = isMap(document.contents) ? document.contents.get('keys', true) : undefined;
  if (problems.length > 0) return { ok: false, problems };
  if (!isSeq(list)) {
    return { ok: false, problems: [`${file}:1:1: keys must be a list of keys; an empty one, [], opens to nobody`] };
  }
  if (list.items.length > MAX_KEYS) refuse(list, `a file may have ${MAX_KEYS} keys, this has ${list.items.length}`);
  const entries = list.items.map((item) => readEntry(item as Node, kind, refuse));
  reportRepeated(list.items as Node[], entries, refuse);
  return problems.length > 0 ? { ok: false, problems } : { ok: true, entries };
}

type Refuse = (node: Node | null, problem: string) => void;

function readEntry(item: Node, { use, streams }: KeyFileKind, refuse: Refuse): KeyEntry {
  const nothing = { sha256: '', name: null, streams: null, sql: false };
  const unlimited = { eventsPerSecond: null, requestsPerSecond: null, expiresMs: null };
  if (!isMap(item)) {
    refuse(item, 'a key is written as {name: shop, sha256: <64 hexadecimal digits>}');
    return { ...nothing, ...unlimited };
  }
  for (const { key } of item.items) {
    const name = isScalar(key) ? String(key.value) : '';
    if (!FIELDS[use].includes(name)) refuse(key as Node, unknownField(name, use));
  }
  const node = (field: string): Node | undefined => item.get(field, true);
  const value = (field: string): unknown => {
    const found = node(field);
    return isScalar(found) ? found.value : undefined;
  };
  const [name, sha256] = [value('name'), value('sha256')];
  if (typeof name !== 'string' || name === '') refuse(node('name') ?? item, 'a key must have a name: whose it is');
  if (typeof sha256 !== 'string' || !/^[0-9a-f]{64}$/.test(sha256)) {
    refuse(node('sha256') ?? item, 'a key must have its sha256, 64 digits from 0 to f: `till keys new` prints one');
  }
  const whole = (field: string): number | null => {
    const found = node(field);
    if (found === undefined) return null;
    const number = value(field);
    if (typeof number === 'number' && Number.isSafeInteger(number) && number >= 1) return number;
    refuse(found, `${field} must be a whole number of at least 1`);
    return null;
  };
  return {
    sha256: typeof sha256 === 'string' ? sha256 : '',
    name: typeof name === 'string' ? name : null,
    streams: readStreams(node('streams'), streams, refuse),
    sql: readSql(node('sql'), refuse),
    eventsPerSecond: whole('eventsPerSecond'),
    requestsPerSecond: whole('requestsPerSecond'),
    expiresMs: readExpiry(node('expires'), refuse),
  };
}

function unknownField(name: string, use: KeyUse): string {
  if (name === 'sql') return 'sql is for read keys: nobody asks with a write key';
  if (name === 'eventsPerSecond') return 'eventsPerSecond is for write keys: nobody sends events with a read key';
  // What stands here may be a key that somebody has put in a wrong place.
  const nearest = nearestName(name, FIELDS[use]);
  return nearest === null
    ? `a key has no such field; it has ${FIELDS[use].join(', ')}`
    : `a key has no field ${name}; did you mean ${nearest}?`;
}

function readStreams(node: Node | undefined, known: readonly string[], refuse: Refuse): readonly string[] | null {
  if (node === undefined) return null;
  const names = isSeq(node) ? node.items.map((item) => (isScalar(item) ? String(item.value) : '')) : [];
  if (names.length === 0) refuse(node, 'streams must be a list of names; leave it out for every stream');
  if (names.some((name) => !known.includes(name))) {
    refuse(node, `streams must name what the stream files declare: ${known.join(', ') || 'nothing'}`);
  }
  return names;
}

function readSql(node: Node | undefined, refuse: Refuse): boolean {
  if (node === undefined) return false;
  if (isScalar(node) && typeof node.value === 'boolean') return node.value;
  refuse(node, 'sql must be true or false');
  return false;
}

function readExpiry(node: Node | undefined, refuse: Refuse): number | null {
  if (node === undefined) return null;
  const text = isScalar(node) && typeof node.value === 'string' ? node.value : '';
  // A day alone would end at midnight somewhere.
  const ms = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/.test(text) ? Date.parse(text) : NaN;
  if (!Number.isNaN(ms)) return ms;
  refuse(node, 'expires must be an instant such as 2027-01-01T00:00:00Z');
  return null;
}

/** A key twice in a file is a mistake: which of its rights hold would depend on where one looks. */
function reportRepeated(items: readonly Node[], entries: readonly KeyEntry[], refuse: Refuse): void {
  const seen = new Map<string, string>();
  entries.forEach(({ sha256, name }, index) => {
    const first = seen.get(sha256);
    if (sha256 !== '' && first !== undefined) refuse(items[index] ?? null, `this is the key of ${first} again`);
    seen.set(sha256, name ?? '');
  });
}
