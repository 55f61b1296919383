import type { StreamDefinition } from '@tillstream/contracts';
import { type LogReader, verifyDefinition } from '@tillstream/engine';
import { CliError, type CliContext } from '../cli-context';

/**
 * The stream file that a stream is under now: the one that is named, or the one that was put live after it.
 *
 * @throws CliError when the one that is named was never in force
 */
export async function liveDefinition(
  reader: LogReader,
  file: StreamDefinition,
  context: Pick<CliContext, 'note'>,
): Promise<StreamDefinition> {
  const { problems, history } = await verifyDefinition(reader, file);
  const [problem] = problems;
  if (problem !== undefined) throw new CliError(problem, 'Name the right file with --stream-files.');
  const { newest } = history;
  if (newest.sha256 !== file.sha256)
    context.note(`${newest.file} was put live after ${file.file}, and is what is taken.\n`);
  return newest;
}
