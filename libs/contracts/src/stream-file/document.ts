import { isAlias, isMap, isScalar, isSeq, parseDocument } from 'yaml';
import type { Document, Node, Pair, Scalar } from 'yaml';
import { parseDuration } from './duration';
import { LinePositions } from './line-positions';
import { didYouMean, nearestName } from './nearest-name';
import type { StreamFileProblem } from './problem';
import { sourceOffset } from './scalar-position';

/** A stream file while it is read: collects every problem instead of stopping at the first. */
export class SourceDocument {
  private readonly lines: LinePositions;
  private readonly document: Document.Parsed;
  private readonly found: StreamFileProblem[] = [];

  constructor(readonly text: string) {
    this.lines = new LinePositions(text); // the parser's own misses lines within what it did not expect
    this.document = parseDocument(text, {
      prettyErrors: false,
      uniqueKeys: false, // reported by Section, with the path
      logLevel: 'error',
    });
    // One slip makes several errors: more on its line, and the same one again and again.
    const lines = new Set<number>();
    let before = '';
    for (const { pos, code, message } of this.document.errors) {
      const { line } = this.lines.at(pos[0]);
      const several = code === 'MULTIPLE_DOCS' ? 'a stream file is one document: --- begins another' : null;
      if (!lines.has(line) && message !== before)
        this.problem(pos[0], '', several ?? `this is not YAML: ${message.replace(/\n[^]*$/, '')}`);
      lines.add(line);
      before = message;
    }
  }

  /** In the order of the text. */
  get problems(): readonly StreamFileProblem[] {
    return [...this.found].sort((a, b) => a.line - b.line || a.column - b.column);
  }

  get isYaml(): boolean {
    return this.document.errors.length === 0;
  }

  root(): Value {
    const node = this.document.contents;
    const start = node?.range?.[0] ?? 0;
    return new Value(this, '', node, start);
  }

  problem(offset: number, path: string, message: string): void {
    this.found.push({ ...this.placeOf(offset), path, message });
  }

  placeOf(offset: number): { readonly line: number; readonly column: number } {
    return this.lines.at(offset);
  }

  resolve(node: Node | null): Node | null {
    return isAlias(node) ? (node.resolve(this.document) ?? null) : node;
  }
}

/** A node of the document with its path. Readers return null after they have reported what is wrong. */
export class Value {
  private readonly node: Node | null;

  constructor(
    private readonly document: SourceDocument,
    readonly path: string,
    node: Node | null,
    /** Where problems of an empty value are shown: at its key. */
    private readonly fallbackOffset: number,
  ) {
    this.node = document.resolve(node);
  }

  get isMap(): boolean {
    return isMap(this.node);
  }

  get isList(): boolean {
    return isSeq(this.node);
  }

  /** Nothing stands behind the key. */
  get isNothing(): boolean {
    return this.isEmpty();
  }

  /** Where it stands in the file; of an empty value, its key. */
  get place(): { readonly line: number; readonly column: number } {
    return this.document.placeOf(this.offset);
  }

  problem(message: string): null {
    this.document.problem(this.offset, this.path, message);
    return null;
  }

  /** A problem at a character of the scalar's text. */
  problemAt(index: number, message: string): null {
    if (!isScalar(this.node)) return this.problem(message);
    const offset = sourceOffset(this.document.text, this.offset, this.scalarText(this.node), index);
    this.document.problem(offset, this.path, message);
    return null;
  }

  /** A scalar as YAML has it; null for what is empty, a list or a map. */
  scalar(): string | number | boolean | null {
    const value: unknown = isScalar(this.node) ? this.node.value : null;
    return typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value))
      ? value
      : value === null || !isScalar(this.node)
        ? null
        : this.scalarText(this.node);
  }

  /** The text of a scalar: as written, where YAML would make a number or a bool of it. */
  text(): string | null {
    if (this.isEmpty()) return this.problem('is empty');
    if (!isScalar(this.node))
      return this.problem(`must be a single value, not ${isSeq(this.node) ? 'a list' : 'a map'}`);
    return this.scalarText(this.node);
  }

  /** Text of a condition or formula: as `text`, but knows YAML's trap for `!`. */
  formula(): string | null {
    const tag = this.node?.tag;
    if (tag?.startsWith('!')) {
      const offset = this.document.text.lastIndexOf(tag, this.offset);
      this.document.problem(offset, this.path, `put quotes around what begins with "!": YAML takes ${tag} for a type`);
      return null;
    }
    return this.text();
  }

  duration(limits: { readonly minMs: number; readonly maxMs?: number; readonly otherwise: string }): number | null {
    const text = this.text();
    if (text === null) return null;
    const ms = parseDuration(text);
    if (ms === null) {
      return this.problem(`"${text}" is not a duration: write a number and ms, s, m, h or d, such as 10s`);
    }
    return ms < limits.minMs || ms > (limits.maxMs ?? Infinity) ? this.problem(limits.otherwise) : ms;
  }

  integer(min: number, max: number): number | null {
    const text = this.text();
    if (text === null) return null;
    const value = /^\d{1,15}$/.test(text) ? Number(text) : NaN;
    return value >= min && value <= max ? value : this.problem(`"${text}" is not a whole number from ${min} to ${max}`);
  }

  boolean(): boolean | null {
    const text = this.text();
    if (text === null) return null;
    return text === 'true' || text === 'false' ? text === 'true' : this.problem(`"${text}" must be true or false`);
  }

  /** One of a closed list of words. */
  oneOf<T extends string>(words: readonly T[], what: string): T | null {
    const text = this.text();
    if (text === null) return null;
    const word = words.find((candidate) => candidate === text);
    return word ?? this.problem(`there is no ${what} ${text}: ${didYouMean(text, words)}`);
  }

  list(): readonly Value[] | null {
    if (this.isEmpty()) return this.problem('is empty');
    if (!isSeq(this.node)) {
      const example = isScalar(this.node) ? `: write [${this.scalarText(this.node)}]` : '';
      return this.problem(`must be a list${example}`);
    }
    return this.node.items.map(
      (item, i) => new Value(this.document, `${this.path}[${i}]`, item as Node | null, this.offset),
    );
  }

  /** A map with these keys and no others. Unknown and repeated keys are problems, but do not spoil the rest. */
  section<K extends string>(keys: readonly K[], refused: Readonly<Record<string, string>> = {}): Section<K> | null {
    const entries = this.entries();
    if (entries === null) return null;
    const known = new Map<K, Value>();
    const misspelt = new Set<string>();
    for (const { key, value, keyValue } of entries) {
      const match = keys.find((candidate) => candidate === key);
      if (match !== undefined) {
        known.set(match, value);
        continue;
      }
      const near = nearestName(key, keys);
      if (near !== null) misspelt.add(near);
      keyValue.problem((Object.hasOwn(refused, key) ? refused[key] : null) ?? unknownKey(near, keys));
    }
    return new Section(this, known, misspelt);
  }

  /** A map whose keys are names of the user's own. A repeated key is a problem; its first value is kept. */
  entries(): readonly MapEntry[] | null {
    if (this.isEmpty()) return this.problem('is empty');
    if (!isMap(this.node)) return this.problem('must be a map of keys and values');
    const entries = new Map<string, MapEntry>();
    for (const pair of this.node.items as Pair<Node, Node | null>[]) {
      const keyOffset = pair.key.range?.[0] ?? this.offset;
      const keyNode = this.document.resolve(pair.key);
      const key = isScalar(keyNode) ? this.scalarText(keyNode) : null;
      const path = this.path === '' ? `${key ?? '?'}` : `${this.path}.${key ?? '?'}`;
      const keyValue = new Value(this.document, path, pair.key, keyOffset);
      if (key === null) {
        keyValue.problem('a key must be a single value');
      } else if (entries.has(key)) {
        keyValue.problem('is given twice');
      } else {
        entries.set(key, { key, keyValue, value: new Value(this.document, path, pair.value, keyOffset) });
      }
    }
    return [...entries.values()];
  }

  private get offset(): number {
    const empty = this.node === null || (isScalar(this.node) && this.node.source === '' && this.node.value === null);
    return empty ? this.fallbackOffset : (this.node?.range?.[0] ?? this.fallbackOffset);
  }

  private isEmpty(): boolean {
    return this.node === null || (isScalar(this.node) && (this.node.value === null || this.node.value === ''));
  }

  private scalarText(node: Scalar): string {
    return typeof node.value === 'string' ? node.value : (node.source ?? String(node.value));
  }
}

export interface MapEntry {
  readonly key: string;
  /** The key itself, for problems that are about the name. */
  readonly keyValue: Value;
  readonly value: Value;
}

/** A map whose keys have been checked. */
export class Section<K extends string> {
  constructor(
    private readonly self: Value,
    private readonly values: ReadonlyMap<K, Value>,
    /** Keys that an unknown one is taken for: that it is wrong has been said, so it is not said to be missing too. */
    private readonly misspelt: ReadonlySet<string>,
  ) {}

  get(key: K): Value | null {
    return this.values.get(key) ?? null;
  }

  /** As `get`, but its absence is a problem. */
  require(key: K): Value | null {
    const value = this.get(key);
    return value !== null || this.misspelt.has(key) ? value : this.self.problem(`${key} is missing`);
  }
}

function unknownKey(near: string | null, keys: readonly string[]): string {
  return near === null
    ? `is not a key of this section: there are ${keys.join(', ')}`
    : `unknown key: did you mean ${near}?`;
}
