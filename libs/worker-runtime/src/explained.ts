import { kafkaFault } from '@tillstream/adapter-kafka';
import { redisFault, type RedisLogger } from '@tillstream/adapter-redis';
import { explainKafkaFault, explainRedisFault } from '@tillstream/config';

/** What is wrong with a connection, as a sentence that names the variable to look at; null where it is something else. */
type Reason = (error: unknown) => string | null;

/** Why Kafka cannot be used. */
export const kafkaReason: Reason = (error) => explainKafkaFault(kafkaFault(error));

/** Why Redis cannot be used. */
export const redisReason: Reason = (error) => explainRedisFault(redisFault(error));

/** The same work; where it fails for a reason that an operator can mend, its error says which. */
export async function explained<T>(reasonFor: Reason, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const reason = reasonFor(error);
    throw reason === null ? error : new Error(reason, { cause: error });
  }
}

/** Says with each failure of Redis what to look at. */
export function explainingRedis(logger: RedisLogger): RedisLogger {
  return {
    warn: (fields, message) => {
      const reason = 'err' in fields ? redisReason(fields.err) : null;
      logger.warn(reason === null ? fields : { ...fields, reason }, message);
    },
  };
}
