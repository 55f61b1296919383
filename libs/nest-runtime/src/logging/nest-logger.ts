import type { LoggerService } from '@nestjs/common';
import type { ServiceLogger } from './logger';

/** Nest's own messages, in our log: its chatter at debug, its troubles as they are. */
export class NestLogger implements LoggerService {
  constructor(private readonly logger: ServiceLogger) {}

  log(text: unknown, ...context: unknown[]): void {
    this.logger.debug({ text, context }, 'framework');
  }

  debug(text: unknown, ...context: unknown[]): void {
    this.logger.trace({ text, context }, 'framework');
  }

  verbose(text: unknown, ...context: unknown[]): void {
    this.logger.trace({ text, context }, 'framework');
  }

  warn(text: unknown, ...context: unknown[]): void {
    this.logger.warn({ text, context }, 'framework');
  }

  error(text: unknown, ...context: unknown[]): void {
    this.logger.error({ text, context }, 'framework');
  }
}
