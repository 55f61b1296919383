import { readFileSync } from 'node:fs';
import { isMap, isScalar, isSeq, LineCounter, parseDocument, type Node, type Pair } from 'yaml';
import { nearestName } from './nearest-name';

/** A value of a file, and where it stands. */
export interface FileEntry {
  readonly name: string;
  readonly value: string;
  readonly line: number;
}

export interface ConfigFile {
  readonly entries: readonly FileEntry[];
  /** With the file and the line before each. */
  readonly problems: readonly string[];
}

/** Those of others: one file may serve all services. */
const SINK = /^TILLSTREAM_SINK_[A-Z0-9_]+$/;

/**
 * Reads a YAML map of variables: text, numbers, `true`, `false`, and lists in place of values with commas.
 *
 * @param known names of all services; others are refused
 */
export function readConfigFile(file: string, known: readonly string[]): ConfigFile {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    return {
      entries: [],
      problems: [`TILLSTREAM_CONFIG_FILE names a file that cannot be read: ${(error as Error).message}`],
    };
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const at = (offset: number): string => `${file}:${lines.linePos(offset).line}`;
  if (document.errors.length > 0) {
    return {
      entries: [],
      problems: document.errors.map(({ pos, message }) => `${at(pos[0])}: ${message.split('\n')[0]}`),
    };
  }
  const { contents } = document;
  if (contents === null) return { entries: [], problems: [] };
  if (!isMap(contents)) return { entries: [], problems: [`${file}: must be a map of variables and their values`] };

  const problems: string[] = [];
  const entries = contents.items.flatMap((pair: Pair<unknown, unknown>): FileEntry[] => {
    const key = pair.key as Node;
    const name = isScalar(key) ? String(key.value) : '';
    const where = at(key.range?.[0] ?? 0);
    const unknown = unknownName(name, known);
    const value = valueOf(pair.value as Node | null);
    if (unknown !== null) problems.push(`${where}: ${unknown}`);
    else if (value === null) problems.push(`${where}: ${name} must be a value or a list of values`);
    else return [{ name, value, line: lines.linePos(key.range?.[0] ?? 0).line }];
    return [];
  });
  return { entries, problems };
}

/** Null: it is known. */
function unknownName(name: string, known: readonly string[]): string | null {
  if (name.startsWith('OTEL_')) return `${name} is read from the environment only: set it there`;
  if (name === 'TILLSTREAM_CONFIG_FILE') return `${name} cannot stand in the file that it names`;
  if (known.includes(name) || SINK.test(name)) return null;
  const nearest = nearestName(name, known);
  return `${name} is not known${nearest === null ? '' : `; did you mean ${nearest}?`}`;
}

/** As it would be written in the environment; null: that cannot be. */
function valueOf(node: Node | null): string | null {
  if (node === null) return '';
  if (isScalar(node)) return node.value === null ? '' : (node.source ?? JSON.stringify(node.value));
  if (!isSeq(node)) return null;
  const values = node.items.map((item) => valueOf(item as Node));
  return values.every((value) => value !== null && !value.includes(',')) ? values.join(',') : null;
}
