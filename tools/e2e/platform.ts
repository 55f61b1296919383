import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createWriteStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KafkaAdmin, KafkaLogReader, KafkaLogWriter } from '@tillstream/adapter-kafka';
import type { StreamDefinition, TopicRole } from '@tillstream/contracts';
import { encodeControl, encodeDefinition, formatProblems, parseStreamFile, topicSpecs } from '@tillstream/contracts';
import type { LogRecord } from '@tillstream/engine';
import { lastBatch, readRange } from '@tillstream/engine';
import { freePort } from '@tillstream/local';
import { Redis } from 'ioredis';
import { commerceText, withThreeMetrics } from '../oracle/three-metrics';

const PROGRAMS = join(process.cwd(), 'dist/apps');
const READY_WITHIN_MS = 60_000;
const POLL_MS = 100;
const SETTLE_WITHIN_MS = 90_000;
const SHOWN_PROBLEMS = 20;
/** Lines of its log that are shown of a process that should run and does not. */
const LAST_WORDS = 20;
export const WRITE_KEY = 'e2e-write-key';

/** What computes and answers. */
export const SERVICES = ['gateway', 'enricher', 'aggregator', 'session-tracker', 'query-api'] as const;
/** Those that answer over gRPC. */
const ANSWERING: readonly ServiceName[] = ['gateway', 'session-tracker', 'query-api'];
/** The writer to stores outside is started by those who look at these. */
export type ServiceName = (typeof SERVICES)[number] | 'sink-writer';

/** One running process of a service. */
export interface ServiceProcess {
  readonly service: ServiceName;
  readonly http: number;
  readonly grpc: number | null;
  /** Where the built services are that it is one of. */
  programs: string;
  child: ChildProcess;
}

/** Where a platform runs that does not share the servers of the test command. */
export interface PlatformPlace {
  readonly brokers: readonly string[];
  readonly redisUrl: string;
  readonly directory: string;
}

/** Addresses of the broker and the Redis that the test command has started. */
export function servers(): { readonly brokers: string[]; readonly redisUrl: string } {
  const brokers = process.env['KAFKA_BROKERS'];
  const redisUrl = process.env['REDIS_URL'];
  if (!brokers || !redisUrl) {
    throw new Error('KAFKA_BROKERS and REDIS_URL must name a broker and a Redis; `npm test` starts both');
  }
  return { brokers: brokers.split(','), redisUrl };
}

/** The services as real processes, on a stream of their own on the shared broker and Redis. */
export class Platform {
  readonly processes: ServiceProcess[] = [];
  readonly definition: StreamDefinition;
  readonly reader: KafkaLogReader;
  readonly writer: KafkaLogWriter;
  readonly directory: string;
  readonly streamFile: string;
  private readonly brokers: readonly string[];
  private readonly redisUrl: string;

  /**
   * @param change what is different from the shipped stream file with its first three metrics
   * @param environment what all services are told beside their addresses
   * @param place servers and directory of its own; the directory is then left to whoever gave it
   * @param stream its name; one that nobody has by default
   */
  constructor(
    change: (streamFile: string) => string = (same) => same,
    readonly environment: Readonly<Record<string, string>> = {},
    private readonly place: PlatformPlace | null = null,
    stream = `e2e-${randomBytes(4).toString('hex')}`,
  ) {
    const { brokers, redisUrl } = place ?? servers();
    this.directory = place?.directory ?? mkdtempSync(join(tmpdir(), 'tillstream-e2e-'));
    this.brokers = brokers;
    this.redisUrl = redisUrl;
    const text = change(withThreeMetrics(commerceText()));
    this.streamFile = join(this.directory, 'stream.yaml');
    writeFileSync(this.streamFile, text.replace(/^stream: .*/m, `stream: ${stream}`));
    const parsed = parseStreamFile(readFileSync(this.streamFile, 'utf8'), { file: this.streamFile });
    if (!parsed.ok) throw new Error(formatProblems(this.streamFile, parsed.problems));
    this.definition = parsed.definition;
    this.reader = new KafkaLogReader({ brokers, clientId: 'e2e-reader' });
    this.writer = new KafkaLogWriter({ brokers, clientId: 'e2e-writer' });
  }

  /** The lake's directory, unless the stream file says another. */
  get lake(): string {
    return join(this.directory, 'lake');
  }

  get stream(): string {
    return this.definition.schema.stream;
  }

  /**
   * Creates the topics and says which stream file they are for, as `till topics --create` does.
   *
   * @param settings of topics that are to have others than usual
   */
  async createTopics(settings: Partial<Record<TopicRole, Readonly<Record<string, string>>>> = {}): Promise<void> {
    const admin = new KafkaAdmin({ brokers: this.brokers, clientId: 'e2e-admin' });
    try {
      await admin.createTopics(
        topicSpecs(this.definition, 1).map(({ role, name, partitions, replicationFactor, configs }) => ({
          topic: name,
          partitions,
          replication: replicationFactor,
          configs: { ...configs, ...settings[role] },
        })),
      );
    } finally {
      await admin.close();
    }
    const { sha256, schema, topics } = this.definition;
    await this.writer.append(topics.definitions, 0, [encodeDefinition(this.definition)]);
    for (let partition = 0; partition < schema.partitions; partition += 1) {
      await this.writer.append(topics.raw, partition, [encodeControl({ kind: 'definition', sha256 })]);
    }
  }

  /** @param programs where the built services are; default: those of this version */
  async start(service: ServiceName, programs = PROGRAMS): Promise<ServiceProcess> {
    const http = await freePort();
    const grpc = ANSWERING.includes(service) ? await freePort() : null;
    const child = this.spawn(service, http, grpc, programs);
    const process: ServiceProcess = { service, http, grpc, programs, child };
    this.processes.push(process);
    return process;
  }

  /** Starts processes, and waits until all that run are ready. */
  async startAll(services: readonly ServiceName[] = SERVICES): Promise<void> {
    for (const service of services) await this.start(service);
    await this.allReady();
  }

  /**
   * The first process of a service.
   *
   * @throws when none was started
   */
  service(name: ServiceName): ServiceProcess {
    const found = this.processes.find(({ service }) => service === name);
    if (!found) throw new Error(`no ${name} was started`);
    return found;
  }

  /** Starts a service that must refuse to start: its exit code and what it said on standard error. */
  async refusal(
    service: ServiceName,
    environment: Readonly<Record<string, string>>,
  ): Promise<{ readonly code: number | null; readonly said: string }> {
    const child = this.spawn(service, await freePort(), await freePort(), PROGRAMS, environment);
    let said = '';
    child.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const code = await new Promise<number | null>((resolve) => child.once('exit', resolve));
    return { code, said };
  }

  /** Ends a process without warning and starts another on the same ports. */
  async killAndRestart(process: ServiceProcess): Promise<void> {
    await this.kill(process);
    this.startAgain(process);
  }

  async kill(process: ServiceProcess): Promise<void> {
    await this.end(process, 'SIGKILL');
  }

  /** Ends a process; its exit code, or null when the signal has ended it. */
  async end({ child }: ServiceProcess, signal: NodeJS.Signals): Promise<number | null> {
    const gone = new Promise<number | null>((resolve) => child.once('exit', resolve));
    child.kill(signal);
    return gone;
  }

  /** Starts another process on the ports of one that has ended. */
  startAgain(process: ServiceProcess): void {
    process.child = this.spawn(process.service, process.http, process.grpc, process.programs);
  }

  async ready(process: ServiceProcess, withinMs = READY_WITHIN_MS): Promise<void> {
    await until(`${process.service} to be ready`, withinMs, async () => {
      if (process.child.exitCode !== null) throw new Error(`${process.service} ended: ${this.lastWords(process)}`);
      return this.isSecure ? isOkOverTls(process.http) : isOk(process.http);
    });
  }

  async allReady(): Promise<void> {
    await Promise.all(this.processes.filter(isAlive).map((process) => this.ready(process)));
  }

  /** All records of a topic, one list per partition. */
  async readTopic(topic: string): Promise<LogRecord[][]> {
    const count = topicSpecs(this.definition, 1).find(({ name }) => name === topic)?.partitions ?? 0;
    const partitions = Array.from({ length: count }, (_, partition) => partition);
    return Promise.all(
      partitions.map(async (partition) => {
        const [begin, end] = [await this.reader.begin(topic, partition), await this.reader.end(topic, partition)];
        return readRange(this.reader, topic, partition, begin, end);
      }),
    );
  }

  /** Appends `advance` to every raw partition: whatever ends before is closed. */
  async advance(toMs: number): Promise<void> {
    const { schema, topics } = this.definition;
    for (let partition = 0; partition < schema.partitions; partition += 1) {
      await this.writer.append(topics.raw, partition, [encodeControl({ kind: 'advance', toMs })]);
    }
  }

  /** Lines of one metric of a service, without comments. */
  async metric(http: number, name: string): Promise<string[]> {
    const answer = await fetch(`http://127.0.0.1:${http}/metrics`);
    return (await answer.text())
      .split('\n')
      .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
  }

  async stop(): Promise<void> {
    await Promise.all(
      this.processes.map(async ({ child }) => {
        if (!isAlive({ child })) return;
        const gone = new Promise((resolve) => child.once('exit', resolve));
        child.kill('SIGTERM');
        await gone;
      }),
    );
    await this.close();
  }

  /** Ends its own connections; its processes are left to whoever has them. */
  async close(): Promise<void> {
    await this.writer.close();
    await this.reader.close();
    if (this.place === null) rmSync(this.directory, { recursive: true, force: true });
  }

  /** Whether the doors of the services are on TLS. */
  private get isSecure(): boolean {
    return this.environment['TILLSTREAM_TLS_CERT_FILE'] !== undefined;
  }

  /** Of the first session-tracker that was started before. */
  private trackerAddress(): Readonly<Record<string, string>> {
    const tracker = this.processes.find(({ service }) => service === 'session-tracker');
    const scheme = this.isSecure ? 'grpcs://' : '';
    return tracker ? { SESSION_TRACKER_ADDRESS: `${scheme}127.0.0.1:${tracker.grpc}` } : {};
  }

  /** What the first process of a service has written. */
  logOf(name: ServiceName): string {
    return readFileSync(this.logFile(name, this.service(name).http), 'utf8');
  }

  private logFile(service: ServiceName, http: number): string {
    return join(this.directory, `${service}-${http}.log`);
  }

  private lastWords({ service, http }: ServiceProcess): string {
    return readFileSync(this.logFile(service, http), 'utf8').split('\n').slice(-LAST_WORDS).join('\n');
  }

  private spawn(
    service: ServiceName,
    http: number,
    grpc: number | null,
    programs: string,
    environment: Readonly<Record<string, string>> = {},
  ): ChildProcess {
    const child = spawn(process.execPath, [join(programs, service, 'main.js')], {
      cwd: join(programs, '../..'),
      env: {
        ...process.env,
        KAFKA_BROKERS: this.brokers.join(','),
        REDIS_URL: this.redisUrl,
        STREAM_FILES: this.streamFile,
        HTTP_HOST: '127.0.0.1',
        HTTP_PORT: String(http),
        ...(grpc === null ? {} : { GRPC_PORT: String(grpc) }),
        ...(service === 'gateway' ? { TILLSTREAM_WRITE_KEYS: WRITE_KEY } : {}),
        ...this.trackerAddress(),
        TILLSTREAM_SINK_LAKE_DEFAULT_WHERE: this.lake,
        LOG_LEVEL: 'info',
        // Nobody comes late here, and every test that stops a service would wait for him.
        DRAIN_NOTICE_MS: '0',
        ...this.environment,
        ...environment,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const log = createWriteStream(this.logFile(service, http), { flags: 'a' });
    child.stdout.pipe(log, { end: false });
    child.stderr.pipe(log, { end: false });
    return child;
  }
}

/** What there is to be compared: all but shares of windows, which come and go. */
const COMPARED = [
  ...(['raw', 'enriched', 'deadLetters', 'metrics', 'late', 'alerts', 'gaps'] as const),
  ...(['sessions', 'sessionRows', 'attributions', 'attributionRows'] as const),
];

/** Waits until all output equals what the raw log demands; fails with the first differences. */
export async function settled(
  platform: Platform,
  differencesIn: (readTopic: (topic: string) => readonly (readonly LogRecord[])[]) => readonly string[],
): Promise<void> {
  const topics = COMPARED.map((role) => platform.definition.topics[role]);
  let problems: readonly string[] = ['nothing compared yet'];
  await until('the results to equal the oracle', SETTLE_WITHIN_MS, async () => {
    if (!(await isEnriched(platform))) return false;
    const read = new Map<string, LogRecord[][]>();
    for (const topic of topics) read.set(topic, await platform.readTopic(topic));
    problems = differencesIn((topic) => read.get(topic) ?? []);
    return problems.length === 0;
  }).catch((error: unknown) => {
    throw new Error(`${String(error)}\n${problems.slice(0, SHOWN_PROBLEMS).join('\n')}`);
  });
}

/** As if the Redis of a service's checkpoints had been emptied, for this platform alone: the server is shared. */
export async function emptyStoreOf({ stream }: Platform, task: 'agg' | 'tracker'): Promise<void> {
  const redis = new Redis(servers().redisUrl);
  try {
    const keys = await redis.keys(`{${task}:${stream}:*`);
    if (keys.length === 0) throw new Error(`the store holds nothing of ${task}:${stream}`);
    await redis.del(keys);
  } finally {
    redis.disconnect();
  }
}

/** Everything in raw is in enriched. */
export async function isEnriched({ definition, reader }: Platform): Promise<boolean> {
  const { raw } = definition.topics;
  for (let partition = 0; partition < definition.schema.partitions; partition += 1) {
    const next = (await lastBatch(reader, definition, partition))?.batch.rawNext ?? 0;
    if (next < (await reader.end(raw, partition))) return false;
  }
  return true;
}

/** Asks again and again until it is so. */
export async function until(what: string, withinMs: number, isSo: () => Promise<boolean>): Promise<void> {
  const untilMs = Date.now() + withinMs;
  while (!(await isSo())) {
    if (Date.now() > untilMs) throw new Error(`waited ${withinMs} ms in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

const isOk = (port: number): Promise<boolean> =>
  fetch(`http://127.0.0.1:${port}/readyz`).then(
    ({ ok }) => ok,
    () => false,
  );

/** Whatever the certificate: it is not what is asked here. */
function isOkOverTls(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const options = { host: '127.0.0.1', port, path: '/readyz', rejectUnauthorized: false, agent: false };
    get(options, (answer) => {
      answer.resume();
      resolve(answer.statusCode === 200);
    }).on('error', () => resolve(false));
  });
}

function isAlive({ child }: Pick<ServiceProcess, 'child'>): boolean {
  return child.exitCode === null && child.signalCode === null;
}
