import { encodeControl, encodeDefinition, type StreamDefinition } from '@tillstream/contracts';
import { newestDefinitionInLog } from '@tillstream/engine';
import { CliError } from '../cli-context';
import type { KafkaAccess } from '../kafka/kafka-access';
import type { DefinitionsInForce } from './definitions-in-force';

/** By partition of raw, the offset of the record that puts a file in force there. */
export type WrittenChanges = ReadonlyMap<number, number>;

/**
 * Puts a stream file live: keeps it in the definitions topic, and then says in each raw partition that it is in force from there
 * on. Whoever finds the record there finds the file; what was begun and not ended is ended by doing it once more.
 *
 * @returns where it was written: not in partitions in which it was in force before
 * @throws CliError when another file was put live at the same time
 */
export async function putLive(
  { reader, writer }: Pick<KafkaAccess, 'reader' | 'writer'>,
  file: StreamDefinition,
  { live, unfinished }: Pick<DefinitionsInForce, 'live' | 'unfinished'>,
): Promise<WrittenChanges> {
  const { sha256, topics, schema } = file;
  const all = Array.from({ length: schema.partitions }, (_, partition) => partition);
  const partitions = live.sha256 === sha256 ? unfinished : all;
  if (live.sha256 !== sha256 || live.text !== file.text) {
    await writer.append(topics.definitions, 0, [encodeDefinition(file)]);
  }
  const record = encodeControl({ kind: 'definition', sha256 });
  const written = await Promise.all(
    partitions.map(async (partition) => [partition, await writer.append(topics.raw, partition, [record])] as const),
  );
  const found = await Promise.all(all.map((partition) => newestDefinitionInLog(reader, file, partition)));
  const others = all.filter((partition) => found[partition] !== sha256);
  if (others.length > 0) {
    throw new CliError(
      `another stream file was put live at the same time: it is in force in ${topics.raw}/${others.join(',')}`,
      'Look with `till plan` which one is wanted, and put that one live once more.',
    );
  }
  return new Map(written);
}
