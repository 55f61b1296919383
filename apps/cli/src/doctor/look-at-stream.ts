import { decodeDeadLetter, type StreamDefinition } from '@tillstream/contracts';
import { verifyDefinition } from '@tillstream/engine';
import { groupsOf, lagOfGroup, type StreamGroup } from '../kafka/group-lag';
import type { KafkaAccess } from '../kafka/kafka-access';
import { checkTopics } from '../topics/stream-topics';
import type { GroupLooks } from './examine-groups';
import type { Finding } from './finding';

type Lags = GroupLooks['second'];

/** Topics that are not as exactness needs them. */
export async function examineTopics(kafka: KafkaAccess, definition: StreamDefinition): Promise<Finding[]> {
  const checked = await checkTopics(kafka, definition, null);
  const findings = checked.flatMap(({ problems }) =>
    problems.map(({ message, severity, fixable }): Finding => ({
      ...{ severity: severity === 'stop' ? 'problem' : 'warning', about: 'Kafka', what: message },
      remedy: fixable ? 'till topics --fix puts it right.' : 'docs/operating.md says how a topic is replaced.',
    })),
  );
  if (findings.some(({ severity }) => severity === 'problem')) return findings;
  const { problems, warnings } = await verifyDefinition(kafka.reader, definition);
  const remedy = 'Give every service the stream file that is in force; till apply puts another one live.';
  const told =
    (severity: Finding['severity']) =>
    (what: string): Finding => ({
      ...{ severity, about: definition.schema.stream, what, remedy },
    });
  return [...findings, ...problems.map(told('problem')), ...warnings.map(told('warning'))];
}

/** A group at one time. */
export type GroupLook = StreamGroup & { readonly lags: Lags; readonly members: number };

/** How far each group of a stream is, and how many are in it. */
export async function lookAtGroups(
  { admin }: KafkaAccess,
  definition: StreamDefinition,
): Promise<readonly GroupLook[]> {
  return Promise.all(
    groupsOf(definition).map(async (group) => {
      const [lags, members] = await Promise.all([lagOfGroup(admin, group), admin.groupMembers(group.group)]);
      return { ...group, lags, members: members.length };
    }),
  );
}

/** What senders do wrong now, as notes. */
export async function deadLetterFindings(
  kafka: KafkaAccess,
  definitions: readonly StreamDefinition[],
): Promise<Finding[]> {
  const letters = await Promise.all(
    definitions.map(async (definition) => {
      const newest = await newestDeadLetters(kafka, definition);
      const about = definition.topics.deadLetters;
      return newest.map((what): Finding => ({ severity: 'note', about, what, remedy: 'The newest of its partition.' }));
    }),
  );
  return letters.flat();
}

/** The newest dead letter of each partition, as far as one can be read. */
async function newestDeadLetters(
  { reader }: KafkaAccess,
  { topics, schema }: StreamDefinition,
): Promise<readonly string[]> {
  const partitions = Array.from({ length: schema.partitions }, (_, partition) => partition);
  const newest = await Promise.all(
    partitions.map(async (partition) => {
      const end = await reader.end(topics.deadLetters, partition);
      const [record] = end > 0 ? await reader.read(topics.deadLetters, partition, end - 1, 1) : [];
      const letter = record && decodeDeadLetter(record);
      if (!letter) return [];
      const { source, code, path, message } = letter;
      return [
        `${source.topic}/${source.partition} offset ${source.offset}, row ${source.index}: ${code} ${path} ${message}`,
      ];
    }),
  );
  return newest.flat();
}
