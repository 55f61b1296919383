import { systemClock } from '../cli-clock';
import { CliError, type CliContext } from '../cli-context';
import type { RegisterCommand } from '../create-program';
import { hasManyDeadLetters } from '../doctor/examine-events';
import { behind, examineGroups } from '../doctor/examine-groups';
import { examineRedis } from '../doctor/examine-redis';
import { examineServices } from '../doctor/examine-services';
import { lookAtRedis } from '../doctor/look-at-redis';
import { redisServerOf } from '../doctor/redis-server-of';
import { bothLooks, lookAtPlatform, withTopics } from '../doctor/look-at-platform';
import { deadLetterFindings, examineTopics } from '../doctor/look-at-stream';
import { reportText, type Part } from '../doctor/print-report';
import type { ServiceLook } from '../doctor/service-look';
import { withKafka } from '../kafka/with-kafka';
import { parseDuration } from '../options/parse-options';
import { tlsOf, withTlsOptions, type TlsOptions } from '../options/tls-options';
import { loadStreamFiles } from '../streams/load-stream-files';
import { bytesText, plural } from '../words';

interface DoctorOptions extends TlsOptions {
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
  withTlsOptions(program.command('doctor'))
    .description('look at a running platform, and say in plain words what is wrong and what to do')
    .option(
      '--service <url>',
      `HTTP address of a service, as http://gateway:8080 or https://…; may be given several times (default: ports ${USUAL_PORTS.join(', ')} of this machine)`,
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
  const tls = tlsOf(options, context);
  const urls = options.service.length > 0 ? options.service : USUAL_PORTS.map((port) => `http://127.0.0.1:${port}`);
  const asked = { urls, tls };
  const { parts, findings } = await withKafka(options.brokers, context, async (kafka) => {
    context.note(`Looking for ${options.for / 1_000} s …\n`);
    const topics = (await Promise.all(definitions.map((definition) => examineTopics(kafka, definition)))).flat();
    const there = await withTopics(kafka, definitions);
    const first = await lookAtPlatform(kafka, there, asked);
    await systemClock.sleep(options.for, context.signal);
    const second = await lookAtPlatform(kafka, there, asked);
    const redis = redisServer ? await lookAtRedis(redisServer, systemClock) : null;
    const { services, groups } = bothLooks(first, second);
    const letters = hasManyDeadLetters(second.services) ? await deadLetterFindings(kafka, there) : [];
    const found = [
      ...topics,
      ...(redis ? examineRedis(redis) : []),
      ...examineServices(services),
      ...examineGroups(groups, options.for),
      ...letters,
    ];
    const lag = groups.reduce((sum, group) => sum + behind(group.second, group.ownLag), 0);
    return {
      findings: found,
      parts: [
        { name: 'Kafka', state: plural(await kafka.admin.ping(), 'broker') },
        { name: 'Streams', state: definitions.map(({ schema }) => schema.stream).join(', ') },
        { name: 'Redis', state: redis ? (redis.trouble ?? `${bytesText(redis.usedBytes)} in use`) : NO_REDIS },
        { name: 'Services', state: servicesText(second.services) },
        { name: 'Behind', state: `${plural(lag, 'record')} over ${plural(groups.length, 'consumer group')}` },
      ] satisfies Part[],
    };
  });
  context.write(options.json ? `${JSON.stringify({ parts, findings })}\n` : reportText(parts, findings));
  const problems = findings.filter(({ severity }) => severity === 'problem').length;
  if (problems > 0) throw new CliError(`${plural(problems, 'problem')} to be looked at`);
}

function servicesText(services: readonly ServiceLook[]): string {
  const ready = services.filter(({ trouble, missing }) => trouble === null && Object.keys(missing).length === 0);
  return `${ready.length} of ${services.length} ready`;
}
