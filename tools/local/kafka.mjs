import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { cached } from './cache.mjs';
import { endStale, launch } from './child.mjs';
import { run } from './command.mjs';
import { dockerCommand, hasDocker } from './docker.mjs';
import { javaCommand } from './java.mjs';
import { liveBrokers } from './kafka-probe.mjs';
import { brokerProperties, log4jProperties, propertiesText } from './kafka-properties.mjs';
import { copyFromMaven } from './maven.mjs';
import { doorProperties, openDoors, scramArguments } from './kafka-doors.mjs';
import { freePort, waitUntil } from './ports.mjs';

const VERSION = '4.3.1';
// Without a binding for slf4j the broker writes no log at all.
const ARTIFACTS = [`org.apache.kafka:kafka_2.13:${VERSION}`, 'org.slf4j:slf4j-reload4j:1.7.36'];
const IMAGE = `apache/kafka:${VERSION}`;
// Less than half the CPU of the defaults at the same throughput, on the small machines this runs on.
const JVM = ['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];

/**
 * A running Kafka broker.
 *
 * @typedef {object} Broker
 * @property {string} address `127.0.0.1:<port>`
 * @property {number} port
 * @property {number} nodeId
 * @property {string} dataDir
 * @property {Readonly<Record<import('./kafka-doors.mjs').DoorName, string>>} doors their addresses, where there are any
 * @property {number} pid of the process that runs now
 * @property {() => boolean} isRunning
 * @property {(options?: { timeoutMs?: number }) => Promise<void>} stop SIGTERM; SIGKILL when it has not ended in time
 * @property {(signal?: NodeJS.Signals) => Promise<void>} kill any signal, SIGKILL by default
 * @property {() => Promise<void>} restart on the same port and directory, after `stop` or `kill`; resolves when it answers
 * @property {(user: string, password: string) => Promise<void>} setScramPassword of SCRAM-SHA-512; the old one is refused from then on
 */

/**
 * Brokers that replicate to each other.
 *
 * @typedef {object} Cluster
 * @property {string} address of all brokers, separated by commas
 * @property {Broker[]} brokers
 * @property {() => Promise<void>} stop
 */

/**
 * How Kafka's own programs are called.
 *
 * @typedef {object} KafkaCommands
 * @property {(id: string, settings: string, more: string[]) => { command: string, args: string[] }} format
 * @property {(settings: string) => { command: string, args: string[] }} serve
 * @property {(broker: string, user: string, password: string) => { command: string, args: string[] }} configure
 */

/** @typedef {{ nodeId: number, port: number, controllerPort: number, directory: string }} Seat */

/**
 * Starts one Kafka broker (KRaft, both roles) on the loopback interface and resolves when it takes requests. A directory
 * may be used again, also after a hard kill.
 *
 * @param {object} options
 * @param {string} options.dataDir
 * @param {number} [options.port] 0 (the default): a free one
 * @param {Record<string, string>} [options.properties] more broker properties; they win
 * @param {import('./kafka-doors.mjs').DoorOptions} [options.doors] listeners with TLS and logins, beside the plain one
 * @returns {Promise<Broker>}
 */
export async function startBroker({ dataDir, port = 0, properties = {}, doors }) {
  const directory = resolve(dataDir);
  const seat = { nodeId: 1, port: port || (await freePort()), controllerPort: await freePort(), directory };
  return startSeat(seat, [seat], await clusterId(directory), properties, doors);
}

/**
 * Starts brokers that replicate to each other (replication factor of new topics: all of them; writes with `acks=all`
 * need all but one).
 *
 * @param {object} options
 * @param {string} options.dataDir
 * @param {number} [options.brokers] 3 by default
 * @param {Record<string, string>} [options.properties] more broker properties; they win
 * @returns {Promise<Cluster>}
 */
export async function startCluster({ dataDir, brokers = 3, properties = {} }) {
  /** @type {Seat[]} */
  const seats = [];
  const taken = new Set();
  const untakenPort = async () => {
    for (;;) {
      const port = await freePort();
      if (!taken.has(port)) return taken.add(port) && port;
    }
  };
  for (let nodeId = 1; nodeId <= brokers; nodeId++) {
    const directory = join(resolve(dataDir), `broker-${nodeId}`);
    seats.push({ nodeId, port: await untakenPort(), controllerPort: await untakenPort(), directory });
  }
  const id = await clusterId(resolve(dataDir));
  const started = await Promise.allSettled(seats.map((seat) => startSeat(seat, seats, id, properties)));
  const running = started.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  // The last of them waits in vain for a quorum to say good-bye to.
  const stop = async () => void (await Promise.all(running.map((broker) => broker.stop({ timeoutMs: 3_000 }))));
  const failure = started.find((outcome) => outcome.status === 'rejected');
  if (failure) {
    await stop();
    throw failure.reason;
  }
  return { address: running.map((broker) => broker.address).join(','), brokers: running, stop };
}

/** Fetches what `startBroker` needs, if it is not there. */
export async function provisionKafka() {
  await kafkaJars();
}

/**
 * @param {Seat} seat
 * @param {Seat[]} seats all of the cluster, this one too
 * @param {string} id of the cluster
 * @param {Record<string, string>} properties
 * @param {import('./kafka-doors.mjs').DoorOptions} [doorOptions]
 * @returns {Promise<Broker>}
 */
async function startSeat(seat, seats, id, properties, doorOptions) {
  const pidFile = join(seat.directory, 'kafka.pid.json');
  const settings = join(seat.directory, 'server.properties');
  const logFile = join(seat.directory, 'kafka.log');
  await mkdir(seat.directory, { recursive: true });
  await endStale(pidFile);
  const doors = await openDoors(doorOptions, seat.directory);
  const common = doorProperties(brokerProperties(seat, seats), doors, doorOptions);
  await writeFile(settings, propertiesText({ ...common, ...properties }));
  await writeFile(join(seat.directory, 'log4j.properties'), log4jProperties());
  const kafka = await kafkaCommands(seat.directory);
  if (!existsSync(join(seat.directory, 'log', 'meta.properties'))) {
    const { command, args } = kafka.format(id, settings, scramArguments(doorOptions));
    const { code, output } = await run(command, args);
    if (code !== 0) throw new Error(`Kafka could not prepare ${seat.directory}:\n${output.trim()}`);
  }
  const start = async () => {
    const child = await launch({ ...kafka.serve(settings), logFile, pidFile });
    try {
      await waitUntil({
        what: `Kafka on port ${seat.port}`,
        isReady: async () => (await liveBrokers(seat.port)) >= Math.floor(seats.length / 2) + 1,
        whyHopeless: () => (child.isRunning() ? undefined : `ended at once, see ${logFile}`),
        timeoutMs: 90_000,
      });
    } catch (error) {
      await child.kill();
      throw error;
    }
    return child;
  };

  let child = await start();
  return {
    address: `127.0.0.1:${seat.port}`,
    port: seat.port,
    nodeId: seat.nodeId,
    dataDir: seat.directory,
    doors: doors.addresses,
    async setScramPassword(user, password) {
      const { command, args } = kafka.configure(`127.0.0.1:${seat.port}`, user, password);
      const { code, output } = await run(command, args);
      if (code !== 0) throw new Error(`Kafka did not take the password of ${user}:\n${output.trim()}`);
    },
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

/**
 * @param {string} directory
 * @returns {Promise<string>} the id that this directory's cluster has, or gets now
 */
async function clusterId(directory) {
  await mkdir(directory, { recursive: true });
  const file = join(directory, 'cluster.id');
  if (!existsSync(file)) await writeFile(file, randomBytes(16).toString('base64url'));
  return (await readFile(file, 'utf8')).trim();
}

/**
 * @param {string} directory
 * @returns {Promise<KafkaCommands>}
 */
async function kafkaCommands(directory) {
  try {
    const java = await javaCommand({ atLeast: 17 });
    const jars = join(await kafkaJars(), 'jars', '*');
    const common = [...JVM, `-Dlog4j.configuration=file:${join(directory, 'log4j.properties')}`, '-cp', jars];
    return {
      format: (id, settings, more) => ({
        command: java,
        args: [
          '-Xmx128m',
          ...common,
          'kafka.tools.StorageTool',
          'format',
          `--cluster-id=${id}`,
          '-c',
          settings,
          ...more,
        ],
      }),
      serve: (settings) => ({ command: java, args: ['-Xmx256m', ...common, 'kafka.Kafka', settings] }),
      configure: (broker, user, password) => ({
        command: java,
        args: ['-Xmx128m', ...common, 'kafka.admin.ConfigCommand', ...passwordArguments(broker, user, password)],
      }),
    };
  } catch (error) {
    if (await hasDocker()) return kafkaInDocker(directory);
    throw new Error(
      `Kafka is not to be had: ${error instanceof Error ? error.message : String(error)}\n` +
        'Any one of these helps: give the addresses of a Kafka in KAFKA_BROKERS; install a Java of version 17 or newer ' +
        'and Maven; start Docker.',
      { cause: error },
    );
  }
}

/**
 * @param {string} directory
 * @returns {Awaited<ReturnType<typeof kafkaCommands>>}
 */
function kafkaInDocker(directory) {
  const scripts = '/opt/kafka/bin';
  return {
    format: (id, settings, more) =>
      dockerCommand({
        image: IMAGE,
        directory,
        command: [`${scripts}/kafka-storage.sh`, 'format', `--cluster-id=${id}`, '-c', settings, ...more],
      }),
    configure: (broker, user, password) =>
      dockerCommand({
        image: IMAGE,
        directory,
        command: [`${scripts}/kafka-configs.sh`, ...passwordArguments(broker, user, password)],
      }),
    serve: (settings) =>
      dockerCommand({ image: IMAGE, directory, command: [`${scripts}/kafka-server-start.sh`, settings] }),
  };
}

/**
 * @param {string} broker
 * @param {string} user
 * @param {string} password
 */
function passwordArguments(broker, user, password) {
  const whose = ['--entity-type', 'users', '--entity-name', user];
  return ['--bootstrap-server', broker, '--alter', ...whose, '--add-config', `SCRAM-SHA-512=[password=${password}]`];
}

/** @returns {Promise<string>} the directory of the cache with the broker's jars */
function kafkaJars() {
  return cached(`kafka-${VERSION}`, (work) =>
    copyFromMaven({ coordinates: ARTIFACTS, directory: work, transitive: true }),
  );
}
