import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { cacheDirectory } from './cache.mjs';
import { endStale, launch } from './child.mjs';
import { isOnPath } from './command.mjs';
import { dockerCommand, hasDocker } from './docker.mjs';
import { freePort, waitUntil } from './ports.mjs';

const IMAGE = 'jaegertracing/jaeger:2.13.0';
const MOST_TRACES = 20_000;

/**
 * A running Jaeger.
 *
 * @typedef {object} Jaeger
 * @property {string} address a URL, `http://127.0.0.1:<port>`: pages for people where its build has them, and `/api` for programs
 * @property {Record<string, string>} environment what tells services to send their spans there
 * @property {(options?: { timeoutMs?: number }) => Promise<void>} stop
 */

/**
 * The Jaeger that is to be had: `jaeger` on the PATH, else in the cache directory, where who has built it from source may
 * have put it, else its image where a Docker engine answers.
 *
 * @param {string} directory that a container may read
 * @param {boolean} withPages who builds from the module alone has none: only what is sure to show pages to people
 * @returns {Promise<((configFile: string) => { command: string, args: string[] }) | null>} null: there is none
 */
export async function findJaeger(directory, withPages) {
  const kept = join(cacheDirectory(), 'jaeger', 'jaeger');
  const program = isOnPath('jaeger') ? 'jaeger' : !withPages && existsSync(kept) ? kept : null;
  if (program !== null) return (config) => ({ command: program, args: ['--config', config] });
  if (!(await hasDocker())) return null;
  return (config) =>
    dockerCommand({ image: IMAGE, directory, command: ['/cmd/jaeger/jaeger-linux', '--config', config] });
}

/**
 * Starts Jaeger on the loopback interface, with traces in memory only; null where there is none.
 *
 * @param {{ dataDir: string, port?: number, withPages?: boolean }} options port 0 (the default): a free one
 * @returns {Promise<Jaeger | null>}
 */
export async function startJaeger({ dataDir, port = 0, withPages = false }) {
  const directory = resolve(dataDir);
  const commandFor = await findJaeger(directory, withPages);
  if (commandFor === null) return null;
  const pidFile = join(directory, 'jaeger.pid.json');
  const logFile = join(directory, 'jaeger.log');
  const configFile = join(directory, 'jaeger.json');
  await mkdir(directory, { recursive: true });
  await endStale(pidFile);
  const [query, grpcQuery, collector] = [port || (await freePort()), await freePort(), await freePort()];
  await writeFile(configFile, JSON.stringify(configuration(query, grpcQuery, collector), null, 2));
  const child = await launch({
    ...commandFor(configFile),
    env: { ...process.env, OTEL_TRACES_SAMPLER: 'always_off' }, // of itself it tells nothing
    logFile,
    pidFile,
  });
  const address = `http://127.0.0.1:${query}`;
  try {
    await waitUntil({
      what: `Jaeger on port ${query}`,
      isReady: async () => (await fetch(`${address}/api/services`)).ok,
      whyHopeless: () => (child.isRunning() ? undefined : `ended at once, see ${logFile}`),
      timeoutMs: 60_000,
    });
  } catch (error) {
    await child.kill();
    throw error;
  }
  return {
    address,
    environment: { OTEL_TRACES_EXPORTER: 'otlp', OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${collector}` },
    stop: (options) => child.stop(options),
  };
}

/**
 * YAML, of which JSON is a part.
 *
 * @param {number} query
 * @param {number} grpcQuery
 * @param {number} collector
 */
function configuration(query, grpcQuery, collector) {
  const traces = { receivers: ['otlp'], processors: [], exporters: ['jaeger_storage_exporter'] };
  return {
    service: {
      extensions: ['jaeger_storage', 'jaeger_query'],
      pipelines: { traces },
      telemetry: { metrics: { level: 'none' } },
    },
    extensions: {
      jaeger_storage: { backends: { memory: { memory: { max_traces: MOST_TRACES } } } },
      jaeger_query: {
        storage: { traces: 'memory' },
        http: { endpoint: `127.0.0.1:${query}` },
        grpc: { endpoint: `127.0.0.1:${grpcQuery}` },
      },
    },
    receivers: { otlp: { protocols: { http: { endpoint: `127.0.0.1:${collector}` } } } },
    exporters: { jaeger_storage_exporter: { trace_storage: 'memory' } },
  };
}
