import { existsSync, readFileSync } from 'node:fs';
import { formatProblems, parseStreamFile, type StreamDefinition } from '@tillstream/contracts';
import { CliError } from '../cli-context';

/** Where the stream files of the project are, from its root. */
const SHIPPED = 'deploy/streams';
const DEFAULT_STREAM_FILES = `${SHIPPED}/commerce.yaml`;

/**
 * Reads the stream files named on the command line, else in STREAM_FILES, else the one that is shipped.
 *
 * @param paths separated by commas
 * @throws CliError with every problem of every file
 */
export function loadStreamFiles(
  paths: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): readonly StreamDefinition[] {
  const named = (paths ?? environment['STREAM_FILES'] ?? DEFAULT_STREAM_FILES).split(',').map((path) => path.trim());
  return readAll(named);
}

/** Reads one stream file. @throws CliError with every problem of it */
export function loadStreamFile(path: string): StreamDefinition {
  const [definition] = readAll([path]);
  if (definition === undefined) throw new Error('one file has one definition');
  return definition;
}

function readAll(paths: readonly string[]): readonly StreamDefinition[] {
  const definitions: StreamDefinition[] = [];
  const problems: string[] = [];
  for (const path of paths) {
    const parsed = parseStreamFile(readText(path), { file: path });
    if (parsed.ok) definitions.push(parsed.definition);
    else problems.push(formatProblems(path, parsed.problems));
  }
  if (problems.length > 0) throw new CliError(`the stream files have mistakes\n${problems.join('\n')}`);
  return definitions;
}

/**
 * The definition of one stream, in the stream files named on the command line, else in STREAM_FILES, else the one that is
 * shipped under its name.
 *
 * @throws CliError with every problem of every file, or naming the streams there are
 */
export function loadStream(
  paths: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
  stream: string,
): StreamDefinition {
  const shipped = `${SHIPPED}/${stream}.yaml`;
  const named = paths ?? environment['STREAM_FILES'] ?? (existsSync(shipped) ? shipped : undefined);
  return streamNamed(loadStreamFiles(named, environment), stream);
}

/** The definition of one stream. @throws CliError that names those there are */
function streamNamed(definitions: readonly StreamDefinition[], stream: string): StreamDefinition {
  const found = definitions.find(({ schema }) => schema.stream === stream);
  if (found !== undefined) return found;
  const known = definitions.map(({ schema }) => schema.stream).join(', ');
  throw new CliError(
    `there is no stream ${stream} in the stream files`,
    `Known: ${known}. --stream-files names others.`,
  );
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new CliError(
      `cannot read the stream file ${path}: ${(error as Error).message}`,
      'Name it with --stream-files or STREAM_FILES.',
    );
  }
}
