import { readFileSync } from 'node:fs';
import { parseStreamFile } from './parse-stream-file';
import { formatProblems } from './problem';
import type { StreamDefinition } from './stream-definition';

/** The streams that some files declare, or every problem of every file. */
export type ReadStreamFiles =
  | { readonly ok: true; readonly definitions: readonly StreamDefinition[] }
  /** One line each, `file:line:column: path: message`. */
  | { readonly ok: false; readonly problems: readonly string[] };

/** Reads and parses stream files. Two files must not declare the same stream. */
export function readStreamFiles(paths: readonly string[]): ReadStreamFiles {
  const definitions: StreamDefinition[] = [];
  const problems: string[] = [];
  for (const file of paths) {
    const text = readText(file, problems);
    if (text === null) continue;
    const parsed = parseStreamFile(text, { file });
    if (!parsed.ok) {
      problems.push(formatProblems(file, parsed.problems));
      continue;
    }
    const { stream } = parsed.definition.schema;
    const other = definitions.find(({ schema }) => schema.stream === stream);
    if (other) problems.push(`${file}: declares the stream ${stream}, and so does ${other.file}`);
    else definitions.push(parsed.definition);
  }
  return problems.length > 0 ? { ok: false, problems } : { ok: true, definitions };
}

function readText(file: string, problems: string[]): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    problems.push(`${file}: cannot be read: ${(cause as NodeJS.ErrnoException).message}`);
    return null;
  }
}
