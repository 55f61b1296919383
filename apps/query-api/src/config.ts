import {
  ConfigError,
  address,
  grpcPort,
  httpPort,
  kafkaConfig,
  kafkaRule,
  kafkaVariables,
  oneOf,
  parseEnvironment,
  readKeyList,
  serviceConfig,
  serviceVariables,
  sinkVariables,
  streamVariables,
  wholeNumber,
  type Environment,
} from '@tillstream/config';
import { accessOf, type StoreAccess } from '@tillstream/adapter-lake';
import { readStreamFiles, type StreamDefinition } from '@tillstream/contracts';
import { addressOf } from '@tillstream/engine';

const variables = {
  ...serviceVariables,
  ...httpPort(8085),
  ...grpcPort(50052),
  ...kafkaVariables,
  ...streamVariables,
  /** Rows held of each stream; the oldest windows go first. A row takes 200 to 400 bytes. */
  TILLSTREAM_VIEW_MAX_ROWS: wholeNumber({ min: 1 }).default(2_000_000),
  /** Sessions held of each stream; those that ended first go first. One takes about 1.2 KB. */
  TILLSTREAM_VIEW_MAX_SESSIONS: wholeNumber({ min: 1 }).default(200_000),
  /** Views that led to purchases, and direct purchases, held of each stream; the oldest go first. One takes about 1.4 KB. */
  TILLSTREAM_VIEW_MAX_ATTRIBUTIONS: wholeNumber({ min: 1 }).default(200_000),
  /** Where a session-tracker is asked for sessions that are open. Not set: they are unknown. */
  SESSION_TRACKER_ADDRESS: address.optional(),
  /** Least time between two messages of a watch. */
  TILLSTREAM_WATCH_EVERY_MS: wholeNumber({ min: 1 }).default(20),
  /** An explanation that takes longer is given up. */
  TILLSTREAM_EXPLAIN_TIMEOUT_MS: wholeNumber({ min: 1 }).default(60_000),
  /** Not set: whoever can reach the port may read. */
  TILLSTREAM_READ_KEYS: readKeyList.default([]),
  /** Answer SQL over the lake. */
  TILLSTREAM_SQL: oneOf(['on', 'off']).default('off'),
  /** Of one question in SQL. */
  TILLSTREAM_SQL_MEMORY_MIB: wholeNumber({ min: 64 }).default(512),
  TILLSTREAM_SQL_THREADS: wholeNumber({ min: 1 }).default(2),
  TILLSTREAM_SQL_TIMEOUT_MS: wholeNumber({ min: 100 }).default(10_000),
  TILLSTREAM_SQL_MAX_ROWS: wholeNumber({ min: 1 }).default(10_000),
};

export type QueryApiConfig = ReturnType<typeof loadQueryApiConfig>;

/** The only reader of the environment and of the stream files. @throws ConfigError with every problem of both */
export function loadQueryApiConfig(environment: Environment) {
  const values = parseEnvironment(variables, environment, [kafkaRule]);
  const streams = readStreamFiles(values.STREAM_FILES);
  if (!streams.ok) throw new ConfigError(streams.problems);
  return {
    service: serviceConfig(values),
    grpc: { host: values.HTTP_HOST, port: values.GRPC_PORT },
    kafka: kafkaConfig(values),
    streams: streams.definitions,
    view: {
      maxRows: values.TILLSTREAM_VIEW_MAX_ROWS,
      maxSessions: values.TILLSTREAM_VIEW_MAX_SESSIONS,
      maxAttributions: values.TILLSTREAM_VIEW_MAX_ATTRIBUTIONS,
    },
    trackerAddress: values.SESSION_TRACKER_ADDRESS ?? null,
    watch: { everyMs: values.TILLSTREAM_WATCH_EVERY_MS },
    explain: { timeoutMs: values.TILLSTREAM_EXPLAIN_TIMEOUT_MS },
    readKeys: values.TILLSTREAM_READ_KEYS,
    lakes: lakesOf(streams.definitions, environment),
    sql:
      values.TILLSTREAM_SQL === 'off'
        ? null
        : {
            memoryMiB: values.TILLSTREAM_SQL_MEMORY_MIB,
            threads: values.TILLSTREAM_SQL_THREADS,
            timeoutMs: values.TILLSTREAM_SQL_TIMEOUT_MS,
            rows: values.TILLSTREAM_SQL_MAX_ROWS,
          },
  } as const;
}

/** Where a stream's lake is, and how it is reached. */
export interface LakePlace {
  readonly stream: string;
  readonly where: string;
  readonly access: StoreAccess;
}

/** Lakes that streams declare and of which somebody says where they are. */
function lakesOf(definitions: readonly StreamDefinition[], environment: Environment): readonly LakePlace[] {
  return definitions.flatMap(({ schema, sinks = [] }): LakePlace[] => {
    const lake = sinks.find(({ type }) => type === 'lake');
    if (!lake) return [];
    const variables = sinkVariables(environment, lake.name);
    const where = addressOf(lake, { variables });
    return where === null ? [] : [{ stream: schema.stream, where, access: accessOf(variables) }];
  });
}
