import { Server, ServerCredentials } from '@grpc/grpc-js';
import type { ServerInterceptor, ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import type { Options } from '@grpc/proto-loader';
import type { ServerTls } from '@tillstream/doors';
import { ReflectionService } from '@grpc/reflection';
import { HealthImplementation, protoPath as healthProto } from 'grpc-health-check';
import { OpenCalls } from './open-calls';
import { reflectedDefinition } from './reflected-definition';
import { TlsCredentials } from './tls-credentials';

/** A service of the proto files and its methods, by name in lowerCamelCase. */
export interface GrpcService {
  /** Full name, `tillstream.query.v1.QueryService`. */
  readonly name: string;
  readonly methods: UntypedServiceImplementation;
}

export interface GrpcServerOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** Directory that the proto files import each other from. */
  readonly protoRoot: string;
  /** Relative to `protoRoot`. */
  readonly protoFiles: readonly string[];
  /** How messages look in handlers. Default: `PROTO_LOADER_OPTIONS`. */
  readonly loaderOptions?: Options;
  readonly services: readonly GrpcService[];
  /** Largest message taken from a client. Default 4 MiB. */
  readonly maxReceiveBytes?: number;
  readonly interceptors?: readonly ServerInterceptor[];
  /** Absent or null: without. */
  readonly tls?: ServerTls | null;
}

/** How messages look in handlers: lowerCamelCase, 64-bit integers as text, enums as numbers, absent scalars as their default. */
export const PROTO_LOADER_OPTIONS: Options = {
  keepCase: false,
  longs: String,
  defaults: true,
  oneofs: true,
  enums: Number,
};

/** How long calls that are ended may take to tell their clients. */
const LAST_WORDS_MS = 100;

const MIB = 1024 * 1024;

/** Keeps connections honest and lets a load balancer spread them anew. */
const CHANNEL_OPTIONS = {
  'grpc.keepalive_time_ms': 30_000,
  'grpc.keepalive_timeout_ms': 10_000,
  'grpc.keepalive_permit_without_calls': 1,
  'grpc.max_connection_age_ms': 600_000,
  'grpc.max_concurrent_streams': 100,
} as const;

/**
 * A gRPC server with reflection and `grpc.health.v1`. Handlers are those of grpc-js: they see their call, and so its
 * back-pressure, cancellation and deadline.
 */
export class GrpcServer {
  private readonly server: Server;
  private readonly health: HealthImplementation;
  private readonly calls = new OpenCalls();
  private boundPort: number | null = null;

  /** @throws Error when a proto file is missing or broken, or a service or one of its methods is not in them. */
  constructor(private readonly options: GrpcServerOptions) {
    const [files, includeDirs] = [[...options.protoFiles, healthProto], [options.protoRoot]];
    const definition = loadSync(files, { ...(options.loaderOptions ?? PROTO_LOADER_OPTIONS), includeDirs });
    this.server = new Server({
      ...CHANNEL_OPTIONS,
      'grpc.max_receive_message_length': options.maxReceiveBytes ?? 4 * MIB,
      interceptors: [...(options.interceptors ?? []), this.calls.interceptor],
    });
    for (const { name, methods } of options.services) {
      const service = definition[name];
      if (service === undefined || 'format' in service) throw new Error(`no service ${name} in the proto files`);
      assertComplete(name, service, methods);
      this.server.addService(service, methods);
    }
    this.health = new HealthImplementation(statusMap(options.services, 'NOT_SERVING'));
    this.health.addToServer(this.server);
    new ReflectionService(reflectedDefinition(files, includeDirs)).addToServer(this.server);
  }

  /** The port it listens on; null before `start`. */
  get port(): number | null {
    return this.boundPort;
  }

  /** Listens; resolves with the port. */
  start(): Promise<number> {
    const { tls } = this.options;
    const credentials = tls ? new TlsCredentials(tls) : ServerCredentials.createInsecure();
    return new Promise((resolve, reject) => {
      const address = `${this.options.host}:${this.options.port}`;
      this.server.bindAsync(address, credentials, (error, port) => {
        if (error !== null) return reject(error);
        this.boundPort = port;
        resolve(port);
      });
    });
  }

  /** What `grpc.health.v1` answers, for the server as a whole and each of its services. */
  setServing(serving: boolean): void {
    const statuses = statusMap(this.options.services, serving ? 'SERVING' : 'NOT_SERVING');
    for (const [name, status] of Object.entries(statuses)) this.health.setStatus(name, status);
  }

  /**
   * Takes no new calls and lets those under way finish; after `graceMs` they are ended, and their clients are told to call again
   * elsewhere.
   */
  async stop(graceMs: number): Promise<void> {
    this.setServing(false);
    let timer: NodeJS.Timeout | undefined;
    const cutOff = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, graceMs);
    });
    const finished = new Promise<void>((resolve) => this.server.tryShutdown(() => resolve()));
    // Those who watch it have read by now that nothing is served here.
    this.calls.endHealthWatches();
    await Promise.race([finished, cutOff]);
    clearTimeout(timer);
    this.calls.endAll();
    // The statuses are on their way; what is cut below has had them.
    await Promise.race([finished, new Promise((resolve) => setTimeout(resolve, LAST_WORDS_MS))]);
    this.server.forceShutdown();
  }
}

type ServingStatus = 'SERVING' | 'NOT_SERVING';

/** The server as a whole has the empty name. */
function statusMap(services: readonly GrpcService[], status: ServingStatus): Record<string, ServingStatus> {
  return Object.fromEntries(['', ...services.map(({ name }) => name)].map((name) => [name, status]));
}

function assertComplete(name: string, service: ServiceDefinition, methods: UntypedServiceImplementation): void {
  const declared = Object.values(service).map((method) => method.originalName ?? method.path);
  const missing = declared.filter((method) => methods[method] === undefined);
  if (missing.length > 0) throw new Error(`${name} has no handler for ${missing.join(', ')}`);
}
