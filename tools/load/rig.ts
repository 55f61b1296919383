import { readFileSync, readdirSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import type { TopicRole } from '@tillstream/contracts';
import type { ServiceName, ServiceProcess } from '../e2e/platform';
import { Platform } from '../e2e/platform';
import type { OwnServers } from '../rig/own-servers';
import { startOwnServers } from '../rig/own-servers';
import type { Watched } from './gauges';
import { say } from './report';

export interface RigOptions {
  /** Changes the shipped stream file. */
  readonly streamFile?: (text: string) => string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly brokerProperties?: Readonly<Record<string, string>>;
  /** Servers that run already and are left running; default: its own, with the `brokerProperties`. */
  readonly servers?: OwnServers | undefined;
  /** Settings of topics beside those that the stream file asks for, by role. */
  readonly topicSettings?: Partial<Record<TopicRole, Readonly<Record<string, string>>>>;
  /** What is started at once; default: one of each. */
  readonly services?: readonly ServiceName[];
}

/** The services as real processes on this machine, on a stream of their own, with a broker and a Redis. */
export class Rig {
  private constructor(
    private readonly servers: OwnServers,
    private readonly ownsServers: boolean,
    readonly platform: Platform,
  ) {}

  static async start(options: RigOptions = {}): Promise<Rig> {
    const servers = options.servers ?? (await startOwnServers(options.brokerProperties));
    const platform = new Platform(options.streamFile, { LOG_LEVEL: 'warn', ...options.environment });
    const rig = new Rig(servers, options.servers === undefined, platform);
    try {
      await platform.createTopics(options.topicSettings);
      await platform.startAll(options.services);
    } catch (error) {
      await rig.stop();
      throw error;
    }
    return rig;
  }

  /** Runs something on a platform that is gone afterwards. */
  static async with<T>(options: RigOptions, run: (rig: Rig) => Promise<T>): Promise<T> {
    const rig = await Rig.start(options);
    const interrupted = (signal: NodeJS.Signals): void => {
      say(`ended by ${signal} before it was done: nothing has been shown`);
      void rig.stop().finally(() => process.exit(128 + constants.signals[signal]));
    };
    process.once('SIGINT', interrupted).once('SIGTERM', interrupted);
    try {
      return await run(rig);
    } catch (error) {
      say(`failed; what the services said last:\n${rig.lastWords.join('\n')}`);
      throw error;
    } finally {
      process.off('SIGINT', interrupted).off('SIGTERM', interrupted);
      await rig.stop();
    }
  }

  get broker(): OwnServers['broker'] {
    return this.servers.broker;
  }

  get redis(): OwnServers['store'] {
    return this.servers.store;
  }

  service(name: ServiceName): ServiceProcess {
    return this.platform.service(name);
  }

  /** gRPC port of a service. */
  grpc(name: 'gateway' | 'query-api'): number {
    const { grpc } = this.service(name);
    if (grpc === null) throw new Error(`${name} has no gRPC port`);
    return grpc;
  }

  /** All processes of the platform, for gauges. */
  get processes(): readonly Watched[] {
    return [
      ...this.platform.processes.map((process) => ({ name: process.service, pid: () => process.child.pid })),
      { name: 'broker', pid: () => this.broker.pid },
      { name: 'redis', pid: () => this.redis.pid },
    ];
  }

  /** Lines of the services' logs that tell of something nobody caught, or of a partition that stopped. */
  get alarms(): readonly string[] {
    const files = readdirSync(this.platform.directory).filter((file) => file.endsWith('.log'));
    return files.flatMap((file) =>
      readFileSync(join(this.platform.directory, file), 'utf8')
        .split('\n')
        .filter((line) => /unhandled_rejection|uncaught_exception|partition_stopped|heap out of memory/.test(line)),
    );
  }

  /** The end of each service's log. */
  private get lastWords(): readonly string[] {
    return this.platform.processes.map(({ service, http }) => {
      const log = readFileSync(join(this.platform.directory, `${service}-${http}.log`), 'utf8');
      return `${service}: ${log.trimEnd().split('\n').slice(-2).join('\n').slice(-1_000)}`;
    });
  }

  async stop(): Promise<void> {
    await this.platform.stop();
    if (this.ownsServers) await this.servers.stop();
  }
}
