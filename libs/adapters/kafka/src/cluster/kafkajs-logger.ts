import type { InternalLogger } from 'kafkajs/src/broker';
import type { KafkaLogger } from './kafka-options';

const nothing = (): void => undefined;
export const SILENT: KafkaLogger = { debug: nothing, info: nothing, warn: nothing, error: nothing };

/**
 * kafkajs logs every refused connection as an error. What fails here is retried, and whoever retries says so when it
 * lasts: so all of it is debugging.
 */
export function kafkajsLogger(logger: KafkaLogger, namespace = 'kafkajs'): InternalLogger {
  const debug = (message: string, fields: object = {}): void =>
    logger.debug({ ...fields, namespace, detail: message }, 'kafkajs');
  return {
    namespace: (name) => kafkajsLogger(logger, name),
    debug: nothing,
    info: debug,
    warn: debug,
    error: debug,
  };
}
