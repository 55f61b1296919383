import { Counter, Gauge } from 'prom-client';
import type { Registry } from 'prom-client';

/** What a server answers when it is looked at. */
export interface ServerLook {
  /** This process's clock less the server's; absent where the server does not tell the time. */
  readonly clockOffsetSeconds?: number;
}

/** Looks at a server once. @throws when it does not answer */
export type LookAtServer = () => Promise<ServerLook | void>;

/** How the servers behind a service do. */
export interface DependencyMetrics {
  /**
   * Each scrape looks from now on whether a broker answers.
   *
   * @param operations what brokers are asked for: the values that `kafkaFailed` will be called with
   */
  watchKafka(look: LookAtServer, operations: readonly string[]): void;
  kafkaFailed(operation: string): void;
  /** Each scrape looks from now on whether Redis answers, and what time it has. */
  watchRedis(look: LookAtServer): void;
  redisFailed(): void;
}

/** A server that has not answered by then is down: who scrapes has a time-out of its own. */
const LOOK_MS = 1_000;

/** Registers how the servers behind a service do: of each that it uses. */
export function createDependencyMetrics(registry: Registry): DependencyMetrics {
  const registers = [registry];
  let kafkaErrors: Counter<'operation'> | null = null;
  let redisErrors: Counter | null = null;
  return {
    watchKafka: (look, operations) => {
      kafkaErrors = new Counter({
        name: 'tillstream_kafka_errors_total',
        help: 'Requests that brokers refused or did not answer, by what was asked for. They are repeated.',
        labelNames: ['operation'],
        registers,
      });
      for (const operation of operations) kafkaErrors.inc({ operation }, 0);
      new Gauge({
        name: 'tillstream_kafka_up',
        help: '1 when a broker answers, asked by the scrape itself.',
        registers,
        async collect() {
          this.set((await answered(look)) === null ? 0 : 1);
        },
      });
    },
    kafkaFailed: (operation) => kafkaErrors?.inc({ operation }),
    watchRedis: (look) => {
      redisErrors = new Counter({
        name: 'tillstream_redis_errors_total',
        help: 'Connections to Redis that broke or could not be made, and commands that failed. They are repeated.',
        registers,
      });
      const once = sharedLook(() => answered(look));
      new Gauge({
        name: 'tillstream_redis_up',
        help: '1 when Redis answers, asked by the scrape itself.',
        registers,
        async collect() {
          this.set((await once()) === null ? 0 : 1);
        },
      });
      new Gauge({
        name: 'tillstream_clock_offset_seconds',
        help: "This process's clock less that of the server; not known while that does not answer.",
        labelNames: ['of'],
        registers,
        async collect() {
          const offset = (await once())?.clockOffsetSeconds;
          if (offset === undefined) this.remove({ of: 'redis' });
          else this.set({ of: 'redis' }, offset);
        },
      });
    },
    redisFailed: () => redisErrors?.inc(),
  };
}

/** Null: there was no answer in time. */
async function answered(look: LookAtServer): Promise<ServerLook | null> {
  let timer: NodeJS.Timeout | undefined;
  const timeUp = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), LOOK_MS);
  });
  const seen = look().then(
    (answer) => answer ?? {},
    () => null,
  );
  try {
    return await Promise.race([seen, timeUp]);
  } finally {
    clearTimeout(timer);
  }
}

/** Those who look at the same time look together. */
function sharedLook<T>(look: () => Promise<T>): () => Promise<T> {
  let underWay: Promise<T> | null = null;
  return () => {
    underWay ??= look().finally(() => {
      underWay = null;
    });
    return underWay;
  };
}
