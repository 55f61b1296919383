import type { TimeSpan } from '../read/table-relation';

/** Spans of time that all rows which a text reads of a table are in. */
export interface SqlSpans {
  /** In lower case. */
  readonly table: string;
  /** Their columns in lower case. */
  readonly spans: readonly TimeSpan[];
}

interface Token {
  readonly kind: 'word' | 'name' | 'text' | 'number' | 'sign';
  /** A word in lower case; a name or text without its quotes. */
  readonly value: string;
  /** In so many brackets. */
  readonly depth: number;
}

const TOKEN =
  /[ \t\r\n]+|(?<word>[A-Za-z_]\w*)|(?<number>\d+(?:\.\d+)?)|(?<text>'(?:[^']|'')*')|(?<name>"(?:[^"]|"")*")|(?<sign><=|>=|<>|!=|::|--|\/\*|[-+*/%=<>(),.;|[\]{}:])/y;
/** Behind WHERE the next part of a query begins with one of these. */
const ENDS: ReadonlySet<string> = new Set([
  'select',
  'group',
  'order',
  'having',
  'limit',
  'offset',
  'qualify',
  'window',
]);
/** With these a comparison between two AND is not what all rows satisfy. */
const DOUBTFUL: ReadonlySet<string> = new Set(['or', 'case', 'between', 'lambda']);

/**
 * Looks whether a text is one SELECT from one table whose WHERE compares columns with instants, as `window_start >= '2026-01-05'`, so
 * that files without such instants need not be fetched. Only what is plain is understood, and nothing is said about any other text: it
 * reads all files. What is wrong with a text is for the database to say.
 *
 * @param tables in lower case
 */
export function spansOf(sql: string, tables: readonly string[]): SqlSpans | null {
  const tokens = tokensOf(sql);
  if (tokens === null) return null;
  const mentioned = tokens.filter(({ kind, value }) => isName(kind) && tables.includes(value.toLowerCase()));
  const [table] = mentioned;
  if (table === undefined || mentioned.length !== 1) return null;
  const count = (word: string): number => tokens.filter(({ kind, value }) => kind === 'word' && value === word).length;
  if (count('from') !== 1 || count('select') > 1) return null;
  const at = tokens.indexOf(table);
  if (!isWord(tokens[at - 1], 'from') || !isWord(tokens[at + 1], 'where')) return null;
  const rest = tokens.slice(at + 2);
  const end = rest.findIndex(
    (token) => token.value === ';' || (token.kind === 'word' && ENDS.has(token.value) && token.depth === 0),
  );
  const where = end < 0 ? rest : rest.slice(0, end);
  if (where.some(({ kind, value, depth }) => kind === 'word' && depth === 0 && DOUBTFUL.has(value))) return null;
  const spans = conjuncts(where).flatMap(spanOf);
  return spans.length === 0 ? null : { table: table.value.toLowerCase(), spans };
}

/** Null: there is something in it that is not understood here. */
function tokensOf(sql: string): readonly Token[] | null {
  const tokens: Token[] = [];
  let depth = 0;
  for (let at = 0, before = ' '; at < sql.length;) {
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(sql);
    if (match === null) return null;
    const { word, number, text, name, sign } = match.groups as Partial<Record<Token['kind'], string>>;
    if (sign === '--' || sign === '/*') return null;
    // E'…' is another kind of text.
    if ((text ?? name) !== undefined && /\w/.test(before)) return null;
    if (sign !== undefined && ')]}'.includes(sign)) depth -= 1;
    if (word !== undefined) tokens.push({ kind: 'word', value: word.toLowerCase(), depth });
    else if (number !== undefined) tokens.push({ kind: 'number', value: number, depth });
    else if (text !== undefined) tokens.push({ kind: 'text', value: text.slice(1, -1).replaceAll("''", "'"), depth });
    else if (name !== undefined) tokens.push({ kind: 'name', value: name.slice(1, -1).replaceAll('""', '"'), depth });
    else if (sign !== undefined) tokens.push({ kind: 'sign', value: sign, depth });
    if (sign !== undefined && '([{'.includes(sign)) depth += 1;
    at = TOKEN.lastIndex;
    before = match[0].at(-1) ?? ' ';
  }
  return tokens;
}

function conjuncts(where: readonly Token[]): readonly (readonly Token[])[] {
  const parts: Token[][] = [[]];
  for (const token of where) {
    if (isWord(token, 'and') && token.depth === 0) parts.push([]);
    else parts.at(-1)?.push(token);
  }
  return parts;
}

/** Of `column >= '…'`, `column >= TIMESTAMPTZ '…'` and the like. */
function spanOf(tokens: readonly Token[]): TimeSpan[] {
  const [column, comparison, ...value] = tokens;
  const [type, text] = value.length === 2 ? value : [undefined, value[0]];
  if (column === undefined || !isName(column.kind) || value.length > 2 || text?.kind !== 'text') return [];
  const form = type === undefined ? INSTANT : type.kind === 'word' ? FORMS.get(type.value) : undefined;
  const ms = form?.test(text.value) === true ? Date.parse(inUtc(text.value)) : NaN;
  if (Number.isNaN(ms)) return [];
  const span = (fromMs: number, toMs: number): TimeSpan[] => [{ column: column.value.toLowerCase(), fromMs, toMs }];
  switch (comparison?.value) {
    case '>':
    case '>=':
      return span(ms, Infinity);
    case '<':
      return span(-Infinity, ms);
    case '<=':
      return span(-Infinity, ms + 1);
    case '=':
      return span(ms, ms + 1);
    default:
      return [];
  }
}

const DAY = /^\d{4}-\d\d-\d\d$/;
const INSTANT = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d:\d\d(?:\.\d{1,3})?Z?)?$/;
/** What the text behind the name of a type looks like. */
const FORMS: ReadonlyMap<string, RegExp> = new Map([
  ['date', DAY],
  ['timestamptz', INSTANT],
]);

/** Instants without a zone are in UTC here. */
function inUtc(text: string): string {
  return text.length === 10 || text.endsWith('Z') ? text.replace(' ', 'T') : `${text.replace(' ', 'T')}Z`;
}

const isName = (kind: Token['kind']): boolean => kind === 'word' || kind === 'name';

function isWord(token: Token | undefined, word: string): boolean {
  return token?.kind === 'word' && token.value === word;
}
