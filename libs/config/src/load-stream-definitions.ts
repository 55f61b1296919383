import { readFileSync } from 'node:fs';
import { ConfigError } from './config-error';

/** What a stream file was parsed to. */
export type Parsed<Definition, Problem> =
  | { readonly ok: true; readonly definition: Definition }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/**
 * Reads and parses stream files.
 *
 * @param parse `parseStreamFile` of the contracts
 * @param format `formatProblems` of the contracts: one line per problem
 * @throws ConfigError with every problem of every file: what cannot be read or is wrong in it, and streams declared twice
 */
export function loadStreamDefinitions<Definition extends { readonly schema: { readonly stream: string } }, Problem>(
  files: readonly string[],
  parse: (text: string, source: { readonly file: string }) => Parsed<Definition, Problem>,
  format: (file: string, problems: readonly Problem[]) => string,
): readonly Definition[] {
  const problems: string[] = [];
  const byStream = new Map<string, { readonly file: string; readonly definition: Definition }>();
  for (const file of files) {
    const text = readText(file, problems);
    if (text === null) continue;
    const parsed = parse(text, { file });
    if (!parsed.ok) {
      problems.push(...format(file, parsed.problems).split('\n'));
      continue;
    }
    const { stream } = parsed.definition.schema;
    const other = byStream.get(stream);
    if (other === undefined) byStream.set(stream, { file, definition: parsed.definition });
    else problems.push(`${file}: the stream ${stream} is declared in ${other.file} already`);
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return [...byStream.values()].map(({ definition }) => definition);
}

function readText(file: string, problems: string[]): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    problems.push(`${file}: cannot be read: ${(error as Error).message}`);
    return null;
  }
}
