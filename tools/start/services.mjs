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
  };
  /** @type {[string, number, number | undefined][]} */
  const services = [
    ['gateway', ports['gateway-port'], ports['gateway-grpc-port']],
    ['enricher', ports['enricher-port'], undefined],
    ['aggregator', ports['aggregator-port'], undefined],
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
 * Customers of a simulated shop.
 *
 * @param {import('./settings.mjs').Settings} settings
 * @returns {import('./supervise.mjs').Program}
 */
export function simulatorProgram({ dataDir, rate, writeKeys, ports }) {
  const to = `http://127.0.0.1:${ports['gateway-port']}`;
  const [firstKey = ''] = writeKeys.split(',')[0]?.split(':') ?? [];
  return {
    name: 'simulator',
    args: [programFile('apps/cli'), 'generate', '--rate', rate, '--to', to],
    env: { ...process.env, TILLSTREAM_WRITE_KEY: firstKey },
    ...filesOf(dataDir, 'simulator'),
  };
}

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
