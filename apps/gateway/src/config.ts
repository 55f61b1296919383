import {
  ConfigError,
  file,
  grpcPort,
  httpPort,
  kafkaConfig,
  kafkaRule,
  kafkaVariables,
  keyList,
  oneOf,
  origins,
  parseEnvironment,
  serverTlsRule,
  serviceConfig,
  serviceVariables,
  streamVariables,
  wholeNumber,
} from '@tillstream/config';
import type { Environment, Rule } from '@tillstream/config';
import { MAX_BODY_BYTES, readStreamFiles } from '@tillstream/contracts';
import { keyEntries } from '@tillstream/doors';

const MIB = 1024 * 1024;

const variables = {
  ...serviceVariables,
  ...httpPort(8080),
  ...grpcPort(50051),
  ...kafkaVariables,
  ...streamVariables,
  TILLSTREAM_WRITE_KEYS: keyList
    .optional()
    .describe(
      'Who may write: `key` or `key:stream1|stream2`, separated by commas. `none`: whoever can reach the port.',
    ),
  TILLSTREAM_WRITE_KEYS_FILE: file
    .optional()
    .describe('A file of write keys, with limits and expiry; read again when it changes.'),
  TILLSTREAM_MAX_IN_FLIGHT_BYTES: wholeNumber({ min: MAX_BODY_BYTES })
    .default(64 * MIB)
    .describe(
      'Bytes of bodies being read or waiting for the log. Beyond: 429. An eighth is for HTTP alone, an eighth for gRPC.',
    ),
  TILLSTREAM_APPEND_TIMEOUT_MS: wholeNumber({ min: 1 })
    .default(10_000)
    .describe('How long a body waits for the log. Beyond: 503.'),
  TILLSTREAM_RETRY_AFTER_MS: wholeNumber({ min: 1 })
    .default(1_000)
    .describe('What a caller is told to wait after 429 and 503.'),
  TILLSTREAM_STREAM_MAX_UNANSWERED: wholeNumber({ min: 1 })
    .default(16)
    .describe('Bodies of one gRPC stream that may be unanswered before no more are read.'),
  TILLSTREAM_CORS_ORIGINS: origins
    .default([])
    .describe('Pages that may send events from a browser, by their origin. Not set: none.'),
  TILLSTREAM_RAW_COMPRESSION: oneOf(['none', 'gzip', 'snappy', 'lz4', 'zstd'])
    .default('none')
    .describe('How raw records are compressed on their way to the log.'),
};

/** Somebody must have said who may write; that everyone may is not said beside a file of keys. */
const writeKeysRule: Rule<typeof variables> = (values) => {
  const { TILLSTREAM_WRITE_KEYS: keys, TILLSTREAM_WRITE_KEYS_FILE: file } = values;
  if (keys === undefined && file === undefined)
    return ['TILLSTREAM_WRITE_KEYS or TILLSTREAM_WRITE_KEYS_FILE must be set'];
  return keys?.length === 0 && file !== undefined
    ? ['TILLSTREAM_WRITE_KEYS must not be none beside TILLSTREAM_WRITE_KEYS_FILE: leave it out']
    : [];
};

/** What it takes, for whoever sets it. */
export const gatewayConfiguration = {
  service: 'gateway',
  about: 'takes events over HTTP and gRPC, checks them and appends them to the raw log',
  variables,
  load: loadGatewayConfig,
};

export type GatewayConfig = ReturnType<typeof loadGatewayConfig>;

/** The only reader of the environment and of the stream files. @throws ConfigError with every problem */
export function loadGatewayConfig(environment: Environment) {
  const values = parseEnvironment(variables, environment, [kafkaRule, serverTlsRule, writeKeysRule]);
  const streams = readStreamFiles(values.STREAM_FILES);
  if (!streams.ok) throw new ConfigError(streams.problems);
  const names = streams.definitions.map(({ schema }) => schema.stream);
  const problems = (values.TILLSTREAM_WRITE_KEYS ?? []).flatMap((key, index) =>
    (key.streams ?? [])
      .filter((stream) => !names.includes(stream))
      .map((stream) => `TILLSTREAM_WRITE_KEYS key ${index + 1} names ${stream}, which no stream file declares`),
  );
  if (problems.length > 0) throw new ConfigError(problems);
  return {
    service: serviceConfig(values),
    grpc: {
      host: values.HTTP_HOST,
      port: values.GRPC_PORT,
      maxUnanswered: values.TILLSTREAM_STREAM_MAX_UNANSWERED,
    },
    kafka: kafkaConfig(values),
    compression: values.TILLSTREAM_RAW_COMPRESSION,
    streams: streams.definitions,
    keys: {
      use: 'write',
      entries: values.TILLSTREAM_WRITE_KEYS?.length ? keyEntries(values.TILLSTREAM_WRITE_KEYS) : null,
      file: values.TILLSTREAM_WRITE_KEYS_FILE ?? null,
      streams: names,
    },
    maxInFlightBytes: values.TILLSTREAM_MAX_IN_FLIGHT_BYTES,
    appendTimeoutMs: values.TILLSTREAM_APPEND_TIMEOUT_MS,
    retryAfterMs: values.TILLSTREAM_RETRY_AFTER_MS,
    corsOrigins: values.TILLSTREAM_CORS_ORIGINS,
  } as const;
}
