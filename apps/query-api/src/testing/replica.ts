import { GrpcServer, systemClock } from '@tillstream/nest-runtime';
import { KeyRing } from '@tillstream/doors';
import { silentTelemetry } from '@tillstream/engine';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { createQueryApi } from '../create-query-api';
import { NO_HISTORIES, type Histories } from '../history/window-history';
import type { SqlSource } from '../sql/sql-source';
import { NOBODY_KNOWS, type OpenSessions } from '../visits/open-sessions';
import type { MemoryResults } from './memory-results';
import { QueryClient } from './query-client';

/** One replica of the service on a port of its own, composed as in production but for Kafka. */
export class Replica {
  readonly registry = new Registry();
  readonly fatal: unknown[] = [];
  /** Lines of its log that tell of faults of its own. */
  readonly faults: string[] = [];
  private readonly clients: QueryClient[] = [];
  private readonly api: ReturnType<typeof createQueryApi>;
  private readonly server: GrpcServer;

  private constructor(results: MemoryResults, options: ReplicaOptions) {
    this.api = createQueryApi(
      {
        streams: [results.definition],
        view: { maxRows: options.maxRows ?? 100_000, maxSessions: 1_000, maxAttributions: 1_000 },
        watch: { everyMs: 1 },
        explain: { timeoutMs: options.explainTimeoutMs ?? 20_000 },
        grpc: { host: '127.0.0.1', port: 0 },
      },
      {
        log: results.log,
        keys: options.keys ?? new KeyRing(null),
        closeLog: () => Promise.resolve(),
        openSessions: options.openSessions ?? NOBODY_KNOWS,
        histories: options.histories ?? NO_HISTORIES,
        sql: options.sql ?? null,
        clock: systemClock,
        tracer: silentTelemetry.tracer,
        callFailed: () => undefined,
        logger: pino({ level: 'error' }, { write: (line) => void this.faults.push(line) }),
        registry: this.registry,
        onFatal: (error) => this.fatal.push(error),
      },
    );
    this.server = new GrpcServer(this.api.grpc);
  }

  static async start(results: MemoryResults, options: ReplicaOptions = {}): Promise<Replica> {
    const replica = new Replica(results, options);
    await replica.server.start();
    await replica.api.service.start();
    replica.server.setServing(true);
    return replica;
  }

  get port(): number {
    return this.server.port!;
  }

  client(key?: string): QueryClient {
    const client = new QueryClient(this.port, key);
    this.clients.push(client);
    return client;
  }

  /** As on SIGTERM, until calls that are under way are all that is left. */
  async drain(): Promise<void> {
    await this.api.service.drain(new AbortController().signal);
  }

  async stop(): Promise<void> {
    await this.drain();
    await this.server.stop(1_000);
    await this.api.service.close();
    for (const client of this.clients) client.close();
  }

  /** As on SIGKILL: connections break, nobody is told. */
  async kill(): Promise<void> {
    await this.server.stop(0);
    await this.stop();
  }
}

export interface ReplicaOptions {
  readonly maxRows?: number;
  /** Default: none is asked for. */
  readonly keys?: KeyRing;
  readonly histories?: Histories;
  /** Null, and so it is unless said otherwise: SQL is not answered. */
  readonly sql?: SqlSource;
  readonly explainTimeoutMs?: number;
  readonly openSessions?: OpenSessions;
}
