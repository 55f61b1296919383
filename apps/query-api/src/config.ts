import {
  ConfigError,
  clientTls,
  clientTlsRule,
  clientTlsVariables,
  grpcAddress,
  grpcPort,
  httpPort,
  kafkaConfig,
  kafkaRule,
  kafkaVariables,
  oneOf,
  parseEnvironment,
  readKeysRule,
  readKeyVariables,
  serverTlsRule,
  serviceConfig,
  secret,
  serviceVariables,
  sinkVariables,
  streamVariables,
  wholeNumber,
  type Environment,
} from '@tillstream/config';
import { accessOf, type StoreAccess } from '@tillstream/adapter-lake';
import { lakeBelow, readStreamFiles, type StreamDefinition } from '@tillstream/contracts';
import { readKeySources, usableClientTls } from '@tillstream/doors';
import { addressOf } from '@tillstream/engine';

const variables = {
  ...serviceVariables,
  ...httpPort(8085),
  ...grpcPort(50052),
  ...kafkaVariables,
  ...streamVariables,
  ...clientTlsVariables,
  ...readKeyVariables,
  TILLSTREAM_VIEW_MAX_ROWS: wholeNumber({ min: 1 })
    .default(2_000_000)
    .describe('Rows held of each stream; the oldest windows go first. A row takes 200 to 400 bytes.'),
  TILLSTREAM_VIEW_MAX_SESSIONS: wholeNumber({ min: 1 })
    .default(200_000)
    .describe('Sessions held of each stream; those that ended first go first. One takes about 1.2 KB.'),
  TILLSTREAM_VIEW_MAX_ATTRIBUTIONS: wholeNumber({ min: 1 })
    .default(200_000)
    .describe(
      'Views that led to purchases, and direct purchases, held of each stream; the oldest go first. One takes about 1.4 KB.',
    ),
  SESSION_TRACKER_ADDRESS: grpcAddress
    .optional()
    .describe('Where a session-tracker is asked for sessions that are open. Not set: they are unknown.'),
  TILLSTREAM_WATCH_EVERY_MS: wholeNumber({ min: 1 })
    .default(20)
    .describe('Least time between two messages of a watch.'),
  TILLSTREAM_EXPLAIN_TIMEOUT_MS: wholeNumber({ min: 1 })
    .default(60_000)
    .describe('An explanation that takes longer is given up.'),
  TILLSTREAM_READ_KEY: secret.optional().describe('What the session-tracker is shown, where it asks for a read key.'),
  TILLSTREAM_SQL: oneOf(['on', 'off']).default('off').describe('Answer SQL over the lake.'),
  TILLSTREAM_SQL_MEMORY_MIB: wholeNumber({ min: 64 }).default(512).describe('Memory of one question in SQL.'),
  TILLSTREAM_SQL_THREADS: wholeNumber({ min: 1 }).default(2).describe('Threads of one question in SQL.'),
  TILLSTREAM_SQL_TIMEOUT_MS: wholeNumber({ min: 100 })
    .default(10_000)
    .describe('A question in SQL that takes longer is given up.'),
  TILLSTREAM_SQL_MAX_ROWS: wholeNumber({ min: 1 }).default(10_000).describe('Rows of an answer in SQL, at most.'),
};

/** What it takes, for whoever sets it. */
export const queryApiConfiguration = {
  service: 'query-api',
  about: 'answers questions about results and visits over gRPC, from views that it holds in memory',
  variables,
  load: loadQueryApiConfig,
};

export type QueryApiConfig = ReturnType<typeof loadQueryApiConfig>;

/** The only reader of the environment and of the stream files. @throws ConfigError with every problem of both */
export function loadQueryApiConfig(environment: Environment) {
  const values = parseEnvironment(variables, environment, [kafkaRule, serverTlsRule, clientTlsRule, readKeysRule]);
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
    tracker: {
      address: values.SESSION_TRACKER_ADDRESS ?? null,
      key: values.TILLSTREAM_READ_KEY ?? null,
      tls: usableClientTls(clientTls(values)),
    },
    watch: { everyMs: values.TILLSTREAM_WATCH_EVERY_MS },
    explain: { timeoutMs: values.TILLSTREAM_EXPLAIN_TIMEOUT_MS },
    keys: readKeySources(
      values,
      streams.definitions.map(({ schema }) => schema.stream),
    ),
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
  return definitions.flatMap((definition): LakePlace[] => {
    const { schema, sinks = [] } = definition;
    const lake = sinks.find(({ type }) => type === 'lake');
    if (!lake) return [];
    const variables = sinkVariables(environment, lake.name);
    const where = addressOf(lake, { variables });
    return where === null
      ? []
      : [{ stream: schema.stream, where: lakeBelow(where, definition), access: accessOf(variables) }];
  });
}
