import { changeOf, type StreamDefinition } from '@tillstream/contracts';
import type { VerifiedDefinition } from '@tillstream/engine';
import { CliError, type CliContext } from '../cli-context';
import { definitionsInForce } from '../definitions/definitions-in-force';
import { describeChange } from '../definitions/describe-change';
import { putLive } from '../definitions/put-live';
import type { KafkaAccess } from '../kafka/kafka-access';

/**
 * Puts a stream file live where another one is in force: one that has changed, or one from before that is wanted again.
 *
 * @returns whether there was something to do
 * @throws CliError when it cannot take the other one's place
 */
export async function applyChanged(
  kafka: KafkaAccess,
  file: StreamDefinition,
  { problems, history }: VerifiedDefinition,
  context: CliContext,
): Promise<boolean> {
  if (problems.length === 0 && history.newest.sha256 === file.sha256) return false;
  const inForce = await definitionsInForce(kafka, file);
  const change = changeOf(inForce.live, file);
  context.write(describeChange(change, inForce.live, file));
  if (change.problems.length > 0) throw new CliError(`${file.file} cannot be put live over ${inForce.live.file}`);
  const written = await putLive(kafka, file, inForce);
  context.note(`put live in ${written.size} partitions of ${file.topics.raw}\n`);
  return true;
}
