import { renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const LOG_LIMIT_BYTES = 16 * 1024 * 1024;

/**
 * The services in the order in which they are stopped: the flow of events is cut at its beginning.
 *
 * @param {import('./settings.mjs').Settings} settings
 * @param {{ brokers: string, redis: string }} addresses
 * @returns {import('./supervise.mjs').Program[]}
 */
export function servicePrograms({ dataDir, streamFiles, writeKeys, ports }, { brokers, redis }) {
  const common = {
    HTTP_HOST: '127.0.0.1',
    KAFKA_BROKERS: brokers,
    REDIS_URL: redis,
    STREAM_FILES: streamFiles.join(','),
    TILLSTREAM_WRITE_KEYS: writeKeys,
    // Where a stream file says nothing else.
    TILLSTREAM_SINK_LAKE_DEFAULT_WHERE: join(dataDir, 'lake'),
    // Nobody but this machine reaches the services.
    TILLSTREAM_SQL: process.env['TILLSTREAM_SQL'] ?? 'on',
    // What the query API shows the session-tracker, where both ask for a key.
    TILLSTREAM_READ_KEY:
      process.env['TILLSTREAM_READ_KEY'] || firstReadKeyOf(process.env['TILLSTREAM_READ_KEYS'] ?? ''),
    SESSION_TRACKER_ADDRESS: `127.0.0.1:${ports['session-tracker-grpc-port']}`,
  };
  /** @type {[string, number, number | undefined][]} */
  const services = [
    ['gateway', ports['gateway-port'], ports['gateway-grpc-port']],
    ['enricher', ports['enricher-port'], undefined],
    ['aggregator', ports['aggregator-port'], undefined],
    ['session-tracker', ports['session-tracker-port'], ports['session-tracker-grpc-port']],
    ['sink-writer', ports['sink-writer-port'], undefined],
    ['query-api', ports['query-api-port'], ports['query-api-grpc-port']],
  ];
  return services.map(([name, httpPort, grpcPort]) => ({
    name,
    args: [programFile(`apps/${name}`)],
    env: {
      ...process.env,
      ...common,
      HTTP_PORT: String(httpPort),
      ...(grpcPort !== undefined && { GRPC_PORT: String(grpcPort) }),
    },
    ...filesOf(dataDir, name),
    readyUrl: `http://127.0.0.1:${httpPort}/readyz`,
  }));
}

/**
 * What brings events from elsewhere into a stream. It runs, and says so itself, when that place is not to be reached.
 *
 * @param {import('./settings.mjs').Settings} settings
 * @param {{ stream: string, url: string }} connect
 * @returns {import('./supervise.mjs').Program}
 */
export function connectorProgram({ dataDir, streamFiles, writeKeys, ports }, { stream, url }) {
  const httpPort = ports['connector-port'];
  return {
    name: 'connector',
    args: [programFile('apps/connector')],
    env: {
      ...process.env,
      HTTP_HOST: '127.0.0.1',
      HTTP_PORT: String(httpPort),
      STREAM_FILES: streamFiles.join(','),
      TILLSTREAM_WRITE_KEY: firstKeyOf(writeKeys),
      CONNECTOR_SOURCE_URL: url,
      CONNECTOR_STREAM: stream,
      CONNECTOR_GATEWAY_URL: `http://127.0.0.1:${ports['gateway-port']}`,
      CONNECTOR_POSITION_FILE: join(dataDir, 'connector', `${stream}.json`),
    },
    ...filesOf(dataDir, 'connector'),
    readyUrl: `http://127.0.0.1:${httpPort}/healthz`,
  };
}

/**
 * Customers of a simulated shop.
 *
 * @param {import('./settings.mjs').Settings} settings
 * @returns {import('./supervise.mjs').Program}
 */
export function simulatorProgram({ dataDir, rate, writeKeys, ports }) {
  const to = `http://127.0.0.1:${ports['gateway-port']}`;
  return {
    name: 'simulator',
    args: [programFile('apps/cli'), 'generate', '--rate', rate, '--to', to],
    env: { ...process.env, TILLSTREAM_WRITE_KEY: firstKeyOf(writeKeys) },
    ...filesOf(dataDir, 'simulator'),
  };
}

/** @param {string} writeKeys */
const firstKeyOf = (writeKeys) => writeKeys.split(',')[0]?.split(':')[0] ?? '';

/** @param {string} readKeys */
const firstReadKeyOf = (readKeys) => (readKeys.trim() === 'none' ? '' : firstKeyOf(readKeys).trim());

/** @param {string} directory */
export const programFile = (directory) => join(ROOT, 'dist', directory, 'main.js');

/**
 * @param {string} dataDir
 * @param {string} name
 */
function filesOf(dataDir, name) {
  const logFile = join(dataDir, 'logs', `${name}.log`);
  setAsideWhenLong(logFile);
  return { logFile, pidFile: join(dataDir, 'run', `${name}.json`) };
}

/** @param {string} file */
function setAsideWhenLong(file) {
  if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) > LOG_LIMIT_BYTES) renameSync(file, `${file}.old`);
}
