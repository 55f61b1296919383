import type { StreamDefinition } from '@tillstream/contracts';
import { type DefinitionHistory, newestDefinitionInLog, readDefinitions } from '@tillstream/engine';
import { CliError } from '../cli-context';
import type { KafkaAccess } from '../kafka/kafka-access';

/** Under which stream file a stream is. */
export interface DefinitionsInForce {
  readonly history: DefinitionHistory;
  /** What was put live last. */
  readonly live: StreamDefinition;
  /** Partitions of raw in which another one is in force: putting `live` there was begun, and not ended. */
  readonly unfinished: readonly number[];
}

/**
 * Looks up what is in force behind everything that stands in raw.
 *
 * @param file the file that is to be compared with it
 * @throws CliError when the stream has no topics, or nobody has kept the file that it is under
 */
export async function definitionsInForce(
  { admin, reader }: Pick<KafkaAccess, 'admin' | 'reader'>,
  file: StreamDefinition,
): Promise<DefinitionsInForce> {
  const { raw, definitions } = file.topics;
  const create = `Create what is missing: till topics --create --stream-files ${file.file}`;
  const described = await admin.describeTopics([raw, definitions]);
  for (const topic of [raw, definitions]) {
    if (!described.some((found) => found.topic === topic)) throw new CliError(`topic ${topic} does not exist`, create);
  }
  const actual = described.find(({ topic }) => topic === raw)?.partitions ?? 0;
  if (actual !== file.schema.partitions) {
    throw new CliError(
      `${raw} has ${actual} partitions, and ${file.file} declares ${file.schema.partitions}`,
      'A stream keeps its number of partitions; another stream name can have another.',
    );
  }
  const history = await readDefinitions(reader, file);
  const partitions = Array.from({ length: actual }, (_, partition) => partition);
  const found = await Promise.all(partitions.map((partition) => newestDefinitionInLog(reader, file, partition)));
  const unknown = partitions.find(
    (partition) => found[partition] !== '' && !history.wasApplied(found[partition] ?? ''),
  );
  if (unknown !== undefined) {
    throw new CliError(
      `${raw}/${unknown} is under a stream file (definition ${found[unknown]?.slice(0, 12) ?? ''}…) that ${definitions} does not hold`,
      'Keep it first, with the file that the stream was created for: till topics --create --stream-files FILE',
    );
  }
  if (found.every((sha256) => sha256 === '')) throw new CliError(`nothing is in force in ${raw} yet`, create);
  const live = history.newest;
  return { history, live, unfinished: partitions.filter((partition) => found[partition] !== live.sha256) };
}
