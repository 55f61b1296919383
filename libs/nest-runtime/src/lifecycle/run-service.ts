import { ConfigError } from '@tillstream/config';
import type { ServiceLogger } from '../logging/logger';
import type { RunningService } from './bootstrap';
import { countBuffersInHeapLimit } from './buffer-limit';

/** The process, as far as running a service needs it. */
export interface ProcessPort {
  on(event: 'SIGTERM' | 'SIGINT', listener: () => void): unknown;
  on(event: 'unhandledRejection' | 'uncaughtException', listener: (error: unknown) => void): unknown;
  exit(code: number): void;
  readonly stderr: { write(text: string): unknown };
}

export interface StartedService {
  readonly running: RunningService;
  readonly logger: ServiceLogger;
  readonly shutdownTimeoutMs: number;
}

/**
 * Runs a service as this process: starts it, stops it in order on SIGTERM or SIGINT, and ends the process with code 0, or with
 * 1 when it could not start, when it did not stop in time, or when something failed that nobody caught (a restart is cheap; to
 * go on in an unknown state is not). Problems of configuration go to standard error, one a line.
 */
export async function runService(
  start: () => Promise<StartedService>,
  process: ProcessPort = globalThis.process,
): Promise<void> {
  countBuffersInHeapLimit();
  let logger: ServiceLogger | null = null;
  const fail = (message: string, error: unknown): void => {
    if (logger === null) process.stderr.write(`${message}: ${describe(error)}\n`);
    else logger.fatal({ error }, message);
    process.exit(1);
  };
  process.on('unhandledRejection', (error) => fail('unhandled_rejection', error));
  process.on('uncaughtException', (error) => fail('uncaught_exception', error));

  // During the start nothing has been promised to anyone yet, so there is nothing to finish.
  let stop = (): void => process.exit(0);
  let signalled = false;
  const onSignal = (): void => {
    if (signalled) return;
    signalled = true;
    stop();
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);

  try {
    const started = await start();
    logger = started.logger;
    stop = () => void stopService(started, process, fail);
  } catch (error) {
    if (error instanceof ConfigError) {
      process.stderr.write(`${error.problems.join('\n')}\n`);
      process.exit(1);
    } else {
      fail('start_failed', error);
    }
  }
}

async function stopService(
  { running, logger, shutdownTimeoutMs }: StartedService,
  process: ProcessPort,
  fail: (message: string, error: unknown) => void,
): Promise<void> {
  logger.info('stopping');
  const deadline = setTimeout(() => {
    logger.error({ shutdownTimeoutMs }, 'shutdown_timed_out');
    process.exit(1);
  }, shutdownTimeoutMs);
  try {
    await running.close();
    logger.info('stopped');
    clearTimeout(deadline);
    process.exit(0);
  } catch (error) {
    clearTimeout(deadline);
    fail('shutdown_failed', error);
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
