import type { StreamDefinition, StreamTopics } from '@tillstream/contracts';
import { StopPartitionError } from '../task/stop-partition';
import type { DefinitionHistory } from './definition-history';

/**
 * The definition that a task must work under.
 *
 * @param sha256 of what is in force where the task stands; '' when nothing was put in force yet
 * @throws StopPartitionError when nobody has kept it
 */
export function definitionInForce(
  history: DefinitionHistory,
  sha256: string,
  task: string,
  { raw, definitions }: StreamTopics,
): StreamDefinition {
  const found = history.find(sha256);
  if (found) return found;
  throw new StopPartitionError(
    'definition-mismatch',
    task,
    `another stream file is in force in ${raw} (definition ${sha256.slice(0, 12)}…), and ${definitions} does not hold it: ` +
      'put it live with `till apply FILE`, or start the services with the file the topic was created for',
  );
}
