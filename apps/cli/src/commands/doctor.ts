import { topicSpecs, type StreamDefinition } from '@tillstream/contracts';
import { systemClock } from '../cli-clock';
import { CliError, type CliContext } from '../cli-context';
import type { RegisterCommand } from '../create-program';
import { behind, examineGroups, type GroupLooks } from '../doctor/examine-groups';
import { examineRedis } from '../doctor/examine-redis';
import { examineServices, type ServiceLooks } from '../doctor/examine-services';
import type { Finding } from '../doctor/finding';
import { lookAtRedis } from '../doctor/look-at-redis';
import { redisServerOf } from '../doctor/redis-server-of';
import { examineTopics, lookAtGroups, newestDeadLetters } from '../doctor/look-at-stream';
import { reportText, type Part } from '../doctor/print-report';
import { lookAtService, type ServiceLook } from '../doctor/service-look';
import type { KafkaAccess } from '../kafka/kafka-access';
import { withKafka } from '../kafka/with-kafka';
import { parseDuration } from '../options/parse-options';
import { loadStreamFiles } from '../streams/load-stream-files';

interface DoctorOptions {
  readonly service: readonly string[];
  readonly for: number;
  readonly json: boolean;
  readonly redis?: string;
  readonly streamFiles?: string;
  readonly brokers?: string;
}

/** Where npm start and the documentation put them. */
const USUAL_PORTS = [8080, 8081, 8082, 8083, 8084, 8085];
const NO_REDIS = 'not looked at: neither --redis nor REDIS_URL says where it is';

/** `till doctor`: what is wrong with a running platform, and what to do. */
export const registerDoctor: RegisterCommand = (program, context) => {
  program
    .command('doctor')
    .description('look at a running platform, and say in plain words what is wrong and what to do')
    .option(
      '--service <url>',
      `HTTP address of a service, as http://gateway:8080; may be given several times (default: ports ${USUAL_PORTS.join(', ')} of this machine)`,
      (url: string, before: readonly string[]) => [...before, url],
      [],
    )
    .option('--for <duration>', 'how long it looks, to tell what moves from what stands still', parseDuration, 3_000)
    .option('--redis <url>', 'Redis of the services (default: as the REDIS_ variables say)')
    .option('--json', 'one JSON object', false)
    .option('--stream-files <paths>', 'stream files (default: STREAM_FILES, else the one that is shipped)')
    .option('--brokers <list>', 'Kafka brokers (default: KAFKA_BROKERS)')
    .addHelpText(
      'after',
      `
Looks, and changes nothing: topics and their settings, who reads them and how far, Redis and its settings, and what each
service says of itself. Ends with code 1 if there is a problem.`,
    )
    .action((options: DoctorOptions) => doctor(options, context));
};

async function doctor(options: DoctorOptions, context: CliContext): Promise<void> {
  const definitions = loadStreamFiles(options.streamFiles, context.environment);
  const redisServer = redisServerOf(options.redis, context.environment);
  const urls = options.service.length > 0 ? options.service : USUAL_PORTS.map((port) => `http://127.0.0.1:${port}`);
  const { parts, findings } = await withKafka(options.brokers, context, async (kafka) => {
    context.note(`Looking for ${options.for / 1_000} s …\n`);
    const topics = (await Promise.all(definitions.map((definition) => examineTopics(kafka, definition)))).flat();
    const there = await existing(kafka, definitions);
    const first = await look(kafka, there, urls);
    await systemClock.sleep(options.for, context.signal);
    const second = await look(kafka, there, urls);
    const redis = redisServer ? await lookAtRedis(redisServer, systemClock) : null;
    const services = second.services.map((service, index) => ({
      first: first.services[index] ?? service,
      second: service,
    }));
    const groups = second.groups.map((group, index) => groupLooks(group, first.groups[index] ?? group, services));
    const found = [
      ...topics,
      ...(redis ? examineRedis(redis) : []),
      ...examineServices(services),
      ...examineGroups(groups, options.for),
    ];
    if (found.some(({ what }) => what.includes('became dead letters')))
      found.push(...(await deadLetters(kafka, there)));
    const lag = groups.reduce((sum, group) => sum + behind(group.second, group.ownLag), 0);
    return {
      findings: found,
      parts: [
        { name: 'Kafka', state: brokersText(await kafka.admin.ping()) },
        { name: 'Streams', state: definitions.map(({ schema }) => schema.stream).join(', ') },
        { name: 'Redis', state: redis ? (redis.trouble ?? `${mebibytes(redis.usedBytes)} in use`) : NO_REDIS },
        { name: 'Services', state: servicesText(second.services) },
        { name: 'Behind', state: `${lag} records over ${groups.length} consumer groups` },
      ] satisfies Part[],
    };
  });
  context.write(options.json ? `${JSON.stringify({ parts, findings })}\n` : reportText(parts, findings));
  const problems = findings.filter(({ severity }) => severity === 'problem').length;
  if (problems > 0) throw new CliError(`${problems} ${problems === 1 ? 'problem needs' : 'problems need'} somebody`);
}

/** Groups of streams whose topics are missing cannot be asked about. */
async function existing(kafka: KafkaAccess, definitions: readonly StreamDefinition[]): Promise<StreamDefinition[]> {
  const there = await Promise.all(
    definitions.map(async (definition) => {
      const names = topicSpecs(definition, 1).map(({ name }) => name);
      const found = new Set((await kafka.admin.describeTopics(names)).map(({ topic }) => topic));
      return names.every((name) => found.has(name)) ? [definition] : [];
    }),
  );
  return there.flat();
}

type Group = Awaited<ReturnType<typeof lookAtGroups>>[number];

async function look(
  kafka: KafkaAccess,
  definitions: readonly StreamDefinition[],
  urls: readonly string[],
): Promise<{ readonly services: readonly ServiceLook[]; readonly groups: readonly Group[] }> {
  const [services, groups] = await Promise.all([
    Promise.all(urls.map((url) => lookAtService(url, () => systemClock.nowMs()))),
    Promise.all(definitions.map((definition) => lookAtGroups(kafka, definition))),
  ]);
  return { services, groups: groups.flat() };
}

function groupLooks(now: Group, before: Group, services: readonly ServiceLooks[]): GroupLooks {
  const { group, lags: second, members } = now;
  const own = (which: keyof ServiceLooks): Map<string, number> =>
    ownLag(
      group,
      services.map((looks) => looks[which]),
    );
  return { group, first: before.lags, second, members, ownLag: own('second'), ownLagBefore: own('first') };
}

/** What replicas of the group's service say of their partitions. */
function ownLag(group: string, services: readonly ServiceLook[]): Map<string, number> {
  const lags = new Map<string, number>();
  for (const { name, samples } of services) {
    if (name === null || !group.endsWith(`.${name}`)) continue;
    for (const { labels, value } of samples.of('tillstream_lag_records')) {
      lags.set(`${labels['topic'] ?? ''}/${labels['partition'] ?? ''}`, value);
    }
  }
  return lags;
}

async function deadLetters(kafka: KafkaAccess, definitions: readonly StreamDefinition[]): Promise<Finding[]> {
  const letters = await Promise.all(
    definitions.map(async (definition) => {
      const newest = await newestDeadLetters(kafka, definition);
      const about = definition.topics.deadLetters;
      return newest.map((what): Finding => ({ severity: 'note', about, what, remedy: 'The newest of its partition.' }));
    }),
  );
  return letters.flat();
}

const mebibytes = (bytes: number): string => `${Math.round(bytes / 1024 / 1024)} MiB`;
const brokersText = (count: number): string => `${count} ${count === 1 ? 'broker' : 'brokers'}`;

function servicesText(services: readonly ServiceLook[]): string {
  const ready = services.filter(({ trouble, missing }) => trouble === null && Object.keys(missing).length === 0);
  return `${ready.length} of ${services.length} ready`;
}
