import type { Values } from './parse-environment';
import { list, oneOf, port, text, wholeNumber } from './parsers';
import { serverTls, serverTlsVariables, type TlsFiles } from './tls-variables';

/** The rest of the shutdown is for closing connections; the rest of the drain for what was begun during the notice. */
const DRAINED_BY = 0.8;
const NOTICED_BY = 0.5;

/** What every service reads. */
export const serviceVariables = {
  HTTP_HOST: text.default('0.0.0.0').describe('Address that HTTP and gRPC listen on.'),
  LOG_LEVEL: oneOf(['trace', 'debug', 'info', 'warn', 'error', 'fatal'])
    .default('info')
    .describe('Lines of less weight are not logged.'),
  SHUTDOWN_TIMEOUT_MS: wholeNumber({ min: 100 })
    .default(25_000)
    .describe('After a signal the process ends within this, whatever it is doing.'),
  DRAIN_TIMEOUT_MS: wholeNumber({ min: 100 })
    .default(4_500)
    .describe(
      'After a signal what is under way gets this long in all; then the rest is cut off. At most four fifths of SHUTDOWN_TIMEOUT_MS.',
    ),
  DRAIN_NOTICE_MS: wholeNumber({ min: 0 })
    .default(1_000)
    .describe(
      'So long a service that stops still takes calls, so that whoever sends them here hears of it. At most half of the drain.',
    ),
  ...serverTlsVariables,
};

export interface ServiceConfig {
  readonly http: { readonly host: string; readonly port: number; readonly tls: TlsFiles | null };
  readonly logLevel: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal';
  /** From the signal to the end of the process, at most. */
  readonly shutdownTimeoutMs: number;
  readonly drain: DrainTimes;
}

/** How a service stops taking work. Both times begin with the signal. */
export interface DrainTimes {
  /** What is under way by then is cut off. */
  readonly timeoutMs: number;
  /** Until then calls are taken as before, by callers who have not heard yet that they are to go elsewhere. */
  readonly noticeMs: number;
}

/** HTTP_PORT, with the service's own default. */
export const httpPort = (byDefault: number) => ({
  HTTP_PORT: port.default(byDefault).describe('Of HTTP. 0 is any free port.'),
});

/** GRPC_PORT, with the service's own default. gRPC listens on HTTP_HOST. */
export const grpcPort = (byDefault: number) => ({
  GRPC_PORT: port.default(byDefault).describe('Of gRPC. 0 is any free port.'),
});

export function serviceConfig(values: Values<typeof serviceVariables> & { readonly HTTP_PORT: number }): ServiceConfig {
  const timeoutMs = Math.min(values.DRAIN_TIMEOUT_MS, values.SHUTDOWN_TIMEOUT_MS * DRAINED_BY);
  return {
    http: { host: values.HTTP_HOST, port: values.HTTP_PORT, tls: serverTls(values) },
    logLevel: values.LOG_LEVEL,
    shutdownTimeoutMs: values.SHUTDOWN_TIMEOUT_MS,
    drain: { timeoutMs, noticeMs: Math.min(values.DRAIN_NOTICE_MS, timeoutMs * NOTICED_BY) },
  };
}

export const streamVariables = {
  STREAM_FILES: list.describe('Paths of the stream files, separated by commas.'),
};
