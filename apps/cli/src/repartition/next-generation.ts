import { formatProblems, parseStreamFile, type StreamDefinition } from '@tillstream/contracts';
import { isMap, isScalar, parseDocument } from 'yaml';
import { CliError } from '../cli-context';

/**
 * The stream file of the next generation: that of this one with another number of partitions and topics of other names. Everything
 * else stays as it is written, comments too.
 *
 * @throws CliError when that cannot be, with what can
 */
export function nextGeneration(definition: StreamDefinition, partitions: number): StreamDefinition {
  const { schema, generation, text, file } = definition;
  if (partitions <= schema.partitions || partitions % schema.partitions !== 0) {
    throw new CliError(
      `${schema.stream} has ${schema.partitions} partitions and cannot be given ${partitions}`,
      `Their number must be a multiple of ${schema.partitions}, such as ${2 * schema.partitions}: then each new partition takes its events ` +
        'from one old one, in their order, and none becomes late.',
    );
  }
  const next = generation + 1;
  const written = withTopics(text, next)
    .replace(/^partitions:.*$/m, `partitions: ${partitions}`)
    .replace(/^generation:.*\n/m, '')
    .replace(/^stream:.*$/m, `$&\ngeneration: ${next}`);
  const parsed = parseStreamFile(written, { file });
  if (!parsed.ok) throw new CliError(`the next stream file has mistakes\n${formatProblems(file, parsed.problems)}`);
  if (parsed.definition.generation !== next || parsed.definition.schema.partitions !== partitions) {
    throw new CliError(
      `${file} is written in a way that is not changed by this command`,
      'Write `stream:` and `partitions:` each at the beginning of a line of its own.',
    );
  }
  return parsed.definition;
}

/** Topics that the file names itself get the generation behind their name. */
function withTopics(text: string, generation: number): string {
  const topics = parseDocument(text).get('topics', true);
  if (!isMap(topics)) return text;
  let changed = text;
  for (const { value } of [...topics.items].reverse()) {
    if (!isScalar(value) || !value.range) continue;
    const [from, to] = value.range;
    const name = String(value.value).replace(/\.v\d+$/, '');
    changed = `${changed.slice(0, from)}${name}.v${generation}${changed.slice(to)}`;
  }
  return changed;
}
