import { Counter, Gauge } from 'prom-client';
import type { Registry } from 'prom-client';

/** What a server answers when it is looked at. */
export interface ServerLook {
  /** This process's clock less the server's; absent where the server does not tell the time. */
  readonly clockOffsetSeconds?: number;
}

/** Looks at a server once. @throws when it does not answer in time */
export type LookAtServer = () => Promise<ServerLook>;

/** How the servers behind a service do. */
export interface DependencyMetrics {
  /** @param operation `connect`, `fetch`, `produce` …: a closed list */
  kafkaFailed(operation: string): void;
  redisFailed(): void;
  /** From now on each scrape looks at the server: it is up when it answers. */
  watch(server: 'kafka' | 'redis', look: LookAtServer): void;
}

/** Registers how the servers behind a service do. */
export function createDependencyMetrics(registry: Registry): DependencyMetrics {
  const registers = [registry];
  const kafkaErrors = new Counter({
    name: 'tillstream_kafka_errors_total',
    help: 'Requests to Kafka that were refused or got no answer, by what was asked; they are repeated.',
    labelNames: ['operation'],
    registers,
  });
  const redisErrors = new Counter({
    name: 'tillstream_redis_errors_total',
    help: 'Connections to Redis that broke or could not be made, and commands that failed.',
    registers,
  });
  const offset = new Gauge({
    name: 'tillstream_clock_offset_seconds',
    help: "This process's clock less that of the server.",
    labelNames: ['of'],
    registers,
  });
  return {
    kafkaFailed: (operation) => kafkaErrors.inc({ operation }),
    redisFailed: () => redisErrors.inc(),
    watch: (server, look) => {
      new Gauge({
        name: `tillstream_${server}_up`,
        help: `1 while ${server === 'kafka' ? 'a broker' : 'Redis'} answers, as looked at by each scrape.`,
        registers,
        async collect() {
          const seen = await look().catch(() => null);
          this.set(seen === null ? 0 : 1);
          if (seen?.clockOffsetSeconds !== undefined) offset.set({ of: server }, seen.clockOffsetSeconds);
        },
      });
    },
  };
}
