import { mkdir } from 'node:fs/promises';
import { readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { cached } from './cache.mjs';
import { endStale, launch } from './child.mjs';
import { javaCommand } from './java.mjs';
import { copyFromMaven } from './maven.mjs';
import { freePort, waitUntil } from './ports.mjs';

const VERSION = '3.6.1';
const JAVA = 17;
/** It keeps the newest traces in memory. */
const HEAP_MEGABYTES = 256;
const MOST_SPANS = 100_000;

/**
 * A running Zipkin.
 *
 * @typedef {object} Zipkin
 * @property {string} address a URL, `http://127.0.0.1:<port>`: pages for people, and below `/api/v2` for programs
 * @property {Record<string, string>} environment what tells services to send their spans there
 * @property {(options?: { timeoutMs?: number }) => Promise<void>} stop
 */

/**
 * Starts Zipkin on the loopback interface, with traces in memory only, and resolves when it answers (some six seconds).
 *
 * @param {{ dataDir: string, port?: number }} options for its log; port 0 (the default): a free one
 * @returns {Promise<Zipkin>}
 */
export async function startZipkin({ dataDir, port = 0 }) {
  const directory = resolve(dataDir);
  const pidFile = join(directory, 'zipkin.pid.json');
  const logFile = join(directory, 'zipkin.log');
  await mkdir(directory, { recursive: true });
  await endStale(pidFile);
  const { java, jar } = await zipkinProgram();
  const listenOn = port || (await freePort());
  const child = await launch({
    command: java,
    args: [`-Xmx${HEAP_MEGABYTES}m`, '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-jar', jar],
    env: {
      ...process.env,
      QUERY_PORT: String(listenOn),
      ARMERIA_OPTS: '',
      MEM_MAX_SPANS: String(MOST_SPANS),
      SELF_TRACING_ENABLED: 'false',
    },
    logFile,
    pidFile,
  });
  const address = `http://127.0.0.1:${listenOn}`;
  try {
    await waitUntil({
      what: `Zipkin on port ${listenOn}`,
      isReady: async () => (await fetch(`${address}/health`)).ok,
      whyHopeless: () => (child.isRunning() ? undefined : `ended at once, see ${logFile}`),
      timeoutMs: 120_000,
    });
  } catch (error) {
    await child.kill();
    throw error;
  }
  return {
    address,
    environment: { OTEL_TRACES_EXPORTER: 'zipkin', OTEL_EXPORTER_ZIPKIN_ENDPOINT: `${address}/api/v2/spans` },
    stop: (options) => child.stop(options),
  };
}

/** Fetches what `startZipkin` needs, if it is not there. @throws {Error} with the remedy */
export async function provisionZipkin() {
  await zipkinProgram();
}

/** @returns {Promise<{ java: string, jar: string }>} */
async function zipkinProgram() {
  try {
    const java = await javaCommand({ atLeast: JAVA });
    const directory = await cached(`zipkin-${VERSION}`, (work) =>
      copyFromMaven({ coordinates: [`io.zipkin:zipkin-server:${VERSION}:exec`], directory: work, transitive: false }),
    );
    const jars = join(directory, 'jars');
    const [jar = ''] = readdirSync(jars).filter((name) => name.endsWith('.jar'));
    return { java, jar: join(jars, jar) };
  } catch (error) {
    throw new Error(
      `Zipkin is not to be had: ${error instanceof Error ? error.message : String(error)}\n` +
        `Either of these helps: install Java ${JAVA} or newer and Maven; give the address of a collector in ` +
        'OTEL_EXPORTER_OTLP_ENDPOINT.',
      { cause: error },
    );
  }
}
