import { pino } from 'pino';
import type { DestinationStream, Level, Logger } from 'pino';

/** One JSON object a line; the message is a constant name, what differs is in the fields. */
export type ServiceLogger = Logger;

/** @param destination default: standard output */
export function createLogger(service: string, level: Level, destination?: DestinationStream): ServiceLogger {
  const options = {
    level,
    base: { service },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    messageKey: 'message',
    errorKey: 'error',
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}
