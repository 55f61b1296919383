import {
  changeOf,
  type DefinitionChange,
  isNoChange,
  sourceOf,
  type StreamDefinition,
  topicSpecs,
} from '@tillstream/contracts';
import { systemClock } from '../cli-clock';
import { CliError, type CliContext } from '../cli-context';
import type { RegisterCommand } from '../create-program';
import { type AwaitOptions, awaitTakenUp, completeFromMs } from '../definitions/await-taken-up';
import { describeChange } from '../definitions/describe-change';
import { type DefinitionsInForce, definitionsInForce } from '../definitions/definitions-in-force';
import { putLive } from '../definitions/put-live';
import type { KafkaAccess } from '../kafka/kafka-access';
import { withKafka } from '../kafka/with-kafka';
import { parseDuration } from '../options/parse-options';
import { instant } from '../options/window-range';
import { Progress } from '../progress';
import { loadStreamFile } from '../streams/load-stream-files';

interface PlanOptions {
  readonly brokers?: string;
}

interface ApplyOptions extends PlanOptions {
  readonly wait: boolean;
  readonly timeout: number;
}

/** `till plan` and `till apply`: change what is computed while events come. */
export const registerApply: RegisterCommand = (program, context) => {
  program
    .command('plan')
    .description('show what putting a stream file live would change, and change nothing')
    .argument('<file>', 'stream file')
    .option('--brokers <list>', 'Kafka brokers (default: KAFKA_BROKERS)')
    .action((path: string, options: PlanOptions) => plan(path, options, context));
  program
    .command('apply')
    .description('put a stream file live: services take it up where they read of it, without being started anew')
    .argument('<file>', 'stream file')
    .option('--no-wait', 'do not wait until the services work under it')
    .option('--timeout <duration>', 'how long to wait for the services', parseDuration, 60_000)
    .option('--brokers <list>', 'Kafka brokers (default: KAFKA_BROKERS)')
    .addHelpText(
      'after',
      `
Metrics may come, go and change, and fields may be added at the end; \`till plan\` shows it beforehand. Every event counts
under the file that is in force where it stands in the log: none is lost, and none counts twice.

Doing it once more changes nothing, and ends what was broken off. Services that are started with the file from before go on
under this one, and say so: give them the new one in your own time.`,
    )
    .action((path: string, options: ApplyOptions) => apply(path, options, context));
};

async function plan(path: string, options: PlanOptions, context: CliContext): Promise<void> {
  const file = loadStreamFile(path);
  await withKafka(options.brokers, context, async (kafka) => {
    const change = show(file, await definitionsInForce(kafka, file), context);
    if (!isNoChange(change)) context.note(`Nothing was changed. To put it live: till apply ${path}\n`);
  });
}

async function apply(path: string, options: ApplyOptions, context: CliContext): Promise<void> {
  const file = loadStreamFile(path);
  await withKafka(options.brokers, context, async (kafka) => {
    const inForce = await definitionsInForce(kafka, file);
    const change = show(file, inForce, context);
    await checkTopicsExist(kafka, file);
    const from = await kafka.reader.end(file.topics.parts, 0);
    const written = await putLive(kafka, file, inForce);
    if (written.size === 0) {
      context.note('It is in force in all partitions already.\n');
      return;
    }
    context.note(`Put live in ${written.size} partitions of ${file.topics.raw}.\n`);
    if (options.wait) await wait({ reader: kafka.reader, file, from, written }, change, options.timeout, context);
  });
}

/** A file that declares sessions or attribution for the first time needs topics for them. @throws CliError that names those */
async function checkTopicsExist({ admin }: KafkaAccess, file: StreamDefinition): Promise<void> {
  const needed = topicSpecs(file, 1).map(({ name }) => name);
  const there = new Set((await admin.describeTopics(needed)).map(({ topic }) => topic));
  const missing = needed.filter((topic) => !there.has(topic));
  if (missing.length === 0) return;
  throw new CliError(
    `${file.file} needs topics that do not exist: ${missing.join(', ')}`,
    `Create them first: till topics --create --stream-files ${file.file}`,
  );
}

/** @throws CliError when it cannot be put live */
function show(file: StreamDefinition, { live, unfinished }: DefinitionsInForce, context: CliContext): DefinitionChange {
  const change = changeOf(live, file);
  const { stream } = file.schema;
  context.write(`${stream}: ${file.file} in place of ${live.file} (definition ${live.sha256.slice(0, 12)}…)\n`);
  context.write(isNoChange(change) ? '  nothing changes\n' : describeChange(change, live, file));
  if (unfinished.length > 0) {
    context.note(`${live.file} was not put live in ${file.topics.raw}/${unfinished.join(',')} yet.\n`);
  }
  if (change.problems.length > 0) throw new CliError(`${file.file} cannot be put live over ${live.file}`);
  return change;
}

async function wait(
  putLive: Omit<AwaitOptions, 'onProgress'>,
  change: DefinitionChange,
  timeoutMs: number,
  context: CliContext,
): Promise<void> {
  const progress = new Progress(context, systemClock);
  const startedMs = systemClock.monotonicMs();
  const frontiers = await awaitTakenUp({
    ...putLive,
    onProgress: (waiting) => {
      context.signal.throwIfAborted();
      if (waiting.length === 0) return;
      const which = `${putLive.file.topics.raw}/${waiting.join(',')}`;
      if (systemClock.monotonicMs() - startedMs > timeoutMs) {
        throw new CliError(
          `it is live, but the services do not work under it in ${which} yet`,
          'Look with `till lag` whether they run and keep up: what they have not read yet stands before the change.',
        );
      }
      progress.show(() => `waiting for the services in ${which}`);
    },
  });
  progress.end(`The services work under it after ${((systemClock.monotonicMs() - startedMs) / 1000).toFixed(1)} s.`);
  for (const metric of [...change.newMetrics, ...change.changedMetrics.map(({ to }) => to)]) {
    const source = sourceOf(putLive.file, metric);
    if (source !== null) {
      context.write(`  ${metric.name}: over the ${source} that are told from here on\n`);
      continue;
    }
    const fromMs = completeFromMs(metric, frontiers);
    const windows = fromMs === -Infinity ? 'all windows' : `windows that begin at or after ${instant(fromMs)}`;
    context.write(`  ${metric.name}: complete for ${windows}\n`);
  }
}
