import {
  clientTls,
  clientTlsRule,
  clientTlsVariables,
  ConfigError,
  duration,
  httpPort,
  parseEnvironment,
  secret,
  serverTlsRule,
  serviceConfig,
  serviceVariables,
  streamVariables,
  text,
  url,
  wholeNumber,
} from '@tillstream/config';
import type { Environment, Rule } from '@tillstream/config';
import { readStreamFiles } from '@tillstream/contracts';
import { usableClientTls } from '@tillstream/doors';

const MIB = 1024 * 1024;

const variables = {
  ...serviceVariables,
  ...httpPort(8086),
  ...streamVariables,
  CONNECTOR_SOURCE_URL: url(['http', 'https']).describe(
    'A source of server-sent events, such as https://stream.wikimedia.org/v2/stream/recentchange.',
  ),
  CONNECTOR_STREAM: text.describe('The stream its events go to.'),
  CONNECTOR_GATEWAY_URL: url(['http', 'https']).default('http://127.0.0.1:8080').describe('Where the gateway is.'),
  TILLSTREAM_WRITE_KEY: secret.optional().describe('Write key of the gateway; not set where it asks for none.'),
  ...clientTlsVariables,
  CONNECTOR_POSITION_FILE: text.describe(
    'Where the id of the last event is kept that the gateway has acknowledged: on a disk that outlives the process.',
  ),
  CONNECTOR_SINCE: text
    .optional()
    .describe(
      'Where to begin while there is no position yet, for sources that know `since`; not set: with the next event.',
    ),
  CONNECTOR_USER_AGENT: text
    .default('tillstream-connector')
    .describe('How the source is told who asks; Wikimedia wants a name and a way to write to you.'),
  CONNECTOR_STALL_TIMEOUT: duration
    .default(60_000)
    .describe('A connection on which nothing has come for so long is given up.'),
  CONNECTOR_RETRY: duration
    .default(1_000)
    .describe(
      'Pause before the first attempt to connect again, unless the source says another; doubled with each that fails.',
    ),
  CONNECTOR_RETRY_MAX: duration.default(60_000).describe('And that pause at most.'),
  CONNECTOR_GATHER: duration.default(100).describe('How long events gather for one body.'),
  CONNECTOR_MAX_QUEUED_BYTES: wholeNumber({ min: MIB })
    .default(8 * MIB)
    .describe('Bytes of events that wait for the gateway; beyond, nothing is read from the source.'),
};

const sinceIsATime: Rule<typeof variables> = ({ CONNECTOR_SINCE: since }) =>
  since === undefined || !Number.isNaN(Date.parse(since))
    ? []
    : [`CONNECTOR_SINCE must be a time such as 2026-11-21T00:00:00Z, not "${since}"`];

/** What it takes, for whoever sets it. */
export const connectorConfiguration = {
  service: 'connector',
  about: 'reads a source of server-sent events and sends them to the gateway',
  variables,
  load: loadConnectorConfig,
};

export type ConnectorConfig = ReturnType<typeof loadConnectorConfig>;

/** The only reader of the environment and of the stream files. @throws ConfigError with every problem */
export function loadConnectorConfig(environment: Environment) {
  const values = parseEnvironment(variables, environment, [sinceIsATime, serverTlsRule, clientTlsRule]);
  const streams = readStreamFiles(values.STREAM_FILES);
  if (!streams.ok) throw new ConfigError(streams.problems);
  const stream = values.CONNECTOR_STREAM;
  const definition = streams.definitions.find(({ schema }) => schema.stream === stream);
  if (definition === undefined)
    throw new ConfigError([`CONNECTOR_STREAM names ${stream}, which no stream file declares`]);
  if (definition.schema.id === null) {
    throw new ConfigError([
      `CONNECTOR_STREAM names ${stream}, which has no id: events that come again after a connection broke would count twice`,
    ]);
  }
  return {
    service: serviceConfig(values),
    stream,
    source: {
      url: new URL(values.CONNECTOR_SOURCE_URL),
      since: values.CONNECTOR_SINCE ?? null,
      userAgent: values.CONNECTOR_USER_AGENT,
      stallMs: values.CONNECTOR_STALL_TIMEOUT,
    },
    retry: { firstMs: values.CONNECTOR_RETRY, mostMs: values.CONNECTOR_RETRY_MAX },
    gateway: {
      url: new URL(values.CONNECTOR_GATEWAY_URL),
      key: values.TILLSTREAM_WRITE_KEY ?? null,
      tls: usableClientTls(clientTls(values)),
    },
    positionFile: values.CONNECTOR_POSITION_FILE,
    gatherMs: values.CONNECTOR_GATHER,
    maxQueuedBytes: values.CONNECTOR_MAX_QUEUED_BYTES,
  } as const;
}
