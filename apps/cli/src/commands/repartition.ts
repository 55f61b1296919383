import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { encodeDefinition, topicSpecs, type StreamDefinition } from '@tillstream/contracts';
import { copyPartition, finishPartition, lastBatch, readDefinitions, type PartitionCopy } from '@tillstream/engine';
import { systemClock } from '../cli-clock';
import { CliError, type CliContext } from '../cli-context';
import type { RegisterCommand } from '../create-program';
import type { KafkaAccess } from '../kafka/kafka-access';
import { withKafka } from '../kafka/with-kafka';
import { wholeNumber } from '../options/parse-options';
import { Progress } from '../progress';
import { nextGeneration } from '../repartition/next-generation';
import { loadStream } from '../streams/load-stream-files';
import { checkTopics } from '../topics/stream-topics';

interface RepartitionOptions {
  readonly partitions: number;
  readonly out?: string;
  readonly finish: boolean;
  readonly streamFiles?: string;
  readonly brokers?: string;
}

const TIMESTAMPS = 'message.timestamp.type';
/** Records keep the times they had; nobody but the copy may write meanwhile, and services refuse such a topic. */
const WHILE_COPYING = 'CreateTime';
const ENRICHED_WITHIN_MS = 60_000;
const LOOK_EVERY_MS = 200;

/** `till repartition`: a stream with more partitions, its events in them as if they had always been there. */
export const registerRepartition: RegisterCommand = (program, context) => {
  program
    .command('repartition')
    .description('copy the events of a stream into topics with more partitions, each event where it then belongs')
    .argument('<stream>')
    .requiredOption('--partitions <n>', 'how many there shall be: a multiple of how many there are', wholeNumber(1))
    .option(
      '--out <file>',
      'where to write the stream file for them (default: beside the one there is, as FILE.v2.yaml)',
    )
    .option(
      '--finish',
      'copy what is left, once no gateway or producer writes any more, and let the new topics be used',
      false,
    )
    .option('--stream-files <paths>', 'stream files (default: STREAM_FILES, else the one that is shipped)')
    .option('--brokers <list>', 'Kafka brokers (default: KAFKA_BROKERS)')
    .action((stream: string, options: RepartitionOptions) => repartition(stream, options, context));
};

async function repartition(stream: string, options: RepartitionOptions, context: CliContext): Promise<void> {
  const from = loadStream(options.streamFiles, context.environment, stream);
  const to = nextGeneration(from, options.partitions);
  const file = options.out ?? from.file.replace(/(\.v\d+)?(\.ya?ml)?$/, `.v${to.generation}.yaml`);
  keepFile(file, to.text, context);
  await withKafka(options.brokers, context, async (kafka) => {
    await createTopics(kafka, to, context);
    if (!options.finish) {
      const copies = await copyAll(kafka, from, to, context);
      const ends = await endsOf(kafka, from);
      const more = copies.reduce(
        (sum, { position }, partition) => sum + Math.max(0, (ends[partition] ?? 0) - position),
        0,
      );
      context.write(
        `${from.topics.raw} goes on: ${more} more records have come meanwhile. Run this again until a run takes only seconds; then stop what ` +
          'writes to it, gateways and other producers, and run it with --finish.\n',
      );
      return;
    }
    await finish(kafka, from, to, context);
    context.write(`${to.topics.raw} is complete. Start the services with ${file}: see docs/scaling.md.\n`);
    const others = (to.sinks ?? []).filter(({ type }) => type !== 'lake').map(({ name }) => name);
    if (others.length > 0) {
      context.write(
        `They bring everything that was copied to ${others.join(', ')} once more: give these a place of their own first.\n`,
      );
    }
  });
}

/** @throws CliError when there is another file of that name */
function keepFile(file: string, text: string, context: CliContext): void {
  if (existsSync(file)) {
    if (readFileSync(file, 'utf8') === text) return;
    throw new CliError(`there is a file ${file} with something else in it`, 'Name another one with --out.');
  }
  writeFileSync(file, text);
  context.note(`wrote ${file}\n`);
}

/** @throws CliError when the topics are not as a copy needs them */
async function createTopics(kafka: KafkaAccess, to: StreamDefinition, context: CliContext): Promise<void> {
  const replication = (await checkTopics(kafka, to, null))[0]?.spec.replicationFactor ?? 1;
  const created = await kafka.admin.createTopics(
    topicSpecs(to, replication).map(({ role, name, partitions, replicationFactor, configs }) => ({
      topic: name,
      partitions,
      replication: replicationFactor,
      configs: role === 'raw' ? { ...configs, [TIMESTAMPS]: WHILE_COPYING } : configs,
    })),
  );
  for (const topic of created) context.note(`created ${topic}\n`);
  const [raw] = await kafka.admin.describeTopics([to.topics.raw]);
  if (raw?.partitions !== to.schema.partitions) {
    throw new CliError(
      `${to.topics.raw} has ${raw?.partitions ?? 0} partitions, not ${to.schema.partitions}`,
      'Was it created for something else?',
    );
  }
  const history = await readDefinitions(kafka.reader, to);
  if (!history.wasApplied(to.sha256)) await kafka.writer.append(to.topics.definitions, 0, [encodeDefinition(to)]);
}

/** Copies every partition up to where it ends now. */
async function copyAll(
  kafka: KafkaAccess,
  from: StreamDefinition,
  to: StreamDefinition,
  context: CliContext,
): Promise<readonly PartitionCopy[]> {
  if (!(await isCopying(kafka, to))) {
    throw new CliError(
      `${to.topics.raw} has been finished`,
      'Nothing is copied into it any more: events go there by the gateway.',
    );
  }
  const progress = new Progress(context, systemClock);
  const startedMs = systemClock.monotonicMs();
  const ends = await endsOf(kafka, from);
  let records = 0;
  const told = (): string => {
    const seconds = (systemClock.monotonicMs() - startedMs) / 1000;
    return `${records} records of ${from.topics.raw} read in ${seconds.toFixed(1)} s`;
  };
  const copies: PartitionCopy[] = [];
  for (const [partition, end] of ends.entries()) {
    const onCopied = (more: number): void => {
      records += more;
      progress.show(told);
    };
    copies.push(await copyPartition(kafka, from, to, partition, end, onCopied, context.signal));
  }
  progress.end(told());
  return copies;
}

/** Nothing is written to the old generation any more: the rest is copied, and the new one is opened. */
async function finish(
  kafka: KafkaAccess,
  from: StreamDefinition,
  to: StreamDefinition,
  context: CliContext,
): Promise<void> {
  const ends = await enrichedEnds(kafka, from, context);
  const copies = (await isCopying(kafka, to)) ? await copyAll(kafka, from, to, context) : [];
  const now = await endsOf(kafka, from);
  if (now.some((end, partition) => end !== ends[partition])) {
    throw new CliError(
      `${from.topics.raw} is still written to`,
      'Stop its gateways and producers, and run this again: what comes behind the change would be in neither.',
    );
  }
  for (const copy of copies) await finishPartition(kafka, to, copy);
  if (copies.length > 0) await kafka.admin.alterConfigs(to.topics.raw, { [TIMESTAMPS]: 'LogAppendTime' });
}

/**
 * Where the old partitions end, once their enrichers have brought misplaced events to where they belong.
 *
 * @throws CliError when they do not
 */
async function enrichedEnds(
  kafka: KafkaAccess,
  from: StreamDefinition,
  context: CliContext,
): Promise<readonly number[]> {
  const untilMs = systemClock.monotonicMs() + ENRICHED_WITHIN_MS;
  for (;;) {
    const ends = await endsOf(kafka, from);
    const done = await Promise.all(
      ends.map(
        async (end, partition) =>
          end === 0 || ((await lastBatch(kafka.reader, from, partition))?.batch.rawNext ?? 0) >= end,
      ),
    );
    if (done.every(Boolean)) return ends;
    if (systemClock.monotonicMs() > untilMs) {
      throw new CliError(
        `the enricher has not read all of ${from.topics.raw}`,
        'It brings misplaced events to where they belong: let it run until `till lag` shows nothing, and run this again.',
      );
    }
    await systemClock.sleep(LOOK_EVERY_MS, context.signal);
    context.signal.throwIfAborted();
  }
}

async function isCopying({ admin }: KafkaAccess, to: StreamDefinition): Promise<boolean> {
  const [raw] = await admin.describeTopics([to.topics.raw]);
  return raw?.configs[TIMESTAMPS] === WHILE_COPYING;
}

function endsOf({ reader }: KafkaAccess, { topics, schema }: StreamDefinition): Promise<number[]> {
  return Promise.all(Array.from({ length: schema.partitions }, (_, partition) => reader.end(topics.raw, partition)));
}
