/**
 * `npm start`: the whole platform on this machine. See HELP in settings.mjs.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { buildPrograms, programs } from '../build/bundle.mjs';
import { run } from '../local/command.mjs';
import { canListen, endStale, freePort, startBroker, startRedis, startTraces } from '../local/index.mjs';
import { connectorProgram, programFile, servicePrograms, simulatorProgram } from './services.mjs';
import { HELP, readSettings } from './settings.mjs';
import { supervise } from './supervise.mjs';

const LIVE_VIEW = 'tools/live-view';

/** @type {(() => Promise<void> | void)[]} what to undo at the end, the last first */
const endings = [];
let stopping = false;
let stopped = Promise.resolve();

/** @type {(line: string) => void} */
let say = (line) => void process.stdout.write(`${line}\n`);

/** Stops what runs: services in the order of the flow, then broker and Redis. */
function end() {
  stopping = true;
  stopped = stopped.then(async () => {
    for (let ending = endings.pop(); ending; ending = endings.pop()) await ending();
  });
  return stopped;
}

/** @param {import('./settings.mjs').Settings} settings */
async function start(settings) {
  const startedMs = performance.now();
  await claim(settings.dataDir);
  await endLeftovers(settings.dataDir);
  await checkPorts(settings);

  say('Starting …');
  const [brokers, redis, traces] = await all([
    settings.brokers ??
      provide('Kafka', (port) => startBroker({ dataDir: join(settings.dataDir, 'kafka'), port }), 'kafka-port'),
    settings.redis ??
      provide('Redis', (port) => startRedis({ dataDir: join(settings.dataDir, 'redis'), port }), 'redis-port'),
    settings.trace ? provideTraces() : null,
    buildPrograms([...programs('apps'), LIVE_VIEW]),
  ]);
  if (stopping) return;
  await createTopics(settings.streamFiles, brokers);

  const { connect } = settings;
  const services = [
    ...(connect === null ? [] : [connectorProgram(settings, connect)]),
    ...servicePrograms(settings, { brokers, redis }),
  ];
  const supervised = services.map((program) =>
    supervise({ ...program, env: { ...program.env, ...traces?.environment } }, (line) => say(line)),
  );
  for (const service of [...supervised].reverse()) endings.push(() => service.stop());
  await Promise.all(
    supervised.map((service, index) =>
      service.ready.catch((/** @type {Error} */ error) => {
        throw new Error(`${error.message}\n${lastLines(services[index]?.logFile ?? '')}`);
      }),
    ),
  );
  if (stopping) return;
  const { ports } = settings;
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  say(
    `ready gateway=http://127.0.0.1:${ports['gateway-port']} gateway-grpc=127.0.0.1:${ports['gateway-grpc-port']} ` +
      `query=127.0.0.1:${ports['query-api-grpc-port']} sessions=127.0.0.1:${ports['session-tracker-grpc-port']} kafka=${brokers} redis=${redis} ` +
      `key=${settings.writeKeys} data=${settings.dataDir} ` +
      `${traces === null ? '' : `traces=${traces.address} `}(${seconds} s)`,
  );
  if (!settings.simulator) return;
  if (!settings.streamFiles.some(declaresShop)) return say('No simulated shop: no stream file is about commerce');
  const simulator = supervise(simulatorProgram(settings), (line) => say(line));
  endings.push(() => simulator.stop());
  showLiveView(settings);

  /** Every request is sampled where nobody has said how many should be: there are few. */
  async function provideTraces() {
    /** @type {Record<string, string>} */
    let environment = {};
    const address = await provide(
      'The trace back end',
      async (port) => {
        const store = await startTraces({ dataDir: join(settings.dataDir, 'traces'), port });
        say(`Traces go to ${store.name}: ${store.address}`);
        environment = { OTEL_TRACES_SAMPLER: process.env['OTEL_TRACES_SAMPLER'] ?? 'always_on', ...store.environment };
        return store;
      },
      'trace-port',
    );
    return { address, environment };
  }

  /**
   * @param {string} what
   * @param {(port: number) => Promise<{ address: string, stop(): Promise<void> }>} begin
   * @param {import('./settings.mjs').PortName} portName
   */
  async function provide(what, begin, portName) {
    const wanted = settings.ports[portName];
    const isFree = await canListen(wanted);
    const port = isFree || settings.chosenPorts.has(portName) ? wanted : await freePort();
    if (port !== wanted) say(`Port ${wanted} is taken; ${what} gets ${port}`);
    const server = await begin(port);
    if (stopping) await server.stop();
    endings.push(() => server.stop());
    return server.address;
  }
}

/**
 * Promise.all that waits for every one, so that nothing is still starting while the rest is being stopped.
 *
 * @template {readonly unknown[]} T
 * @param {T} tasks
 * @returns {Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }>}
 */
async function all(tasks) {
  const outcomes = await Promise.allSettled(tasks);
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  return Promise.all(tasks);
}

/**
 * One platform a directory: two would write into the same files.
 *
 * @param {string} dataDir
 */
async function claim(dataDir) {
  const file = join(dataDir, 'run', 'start.pid');
  if (existsSync(file)) {
    const pid = Number(readFileSync(file, 'utf8'));
    const { output } = await run('ps', ['-ww', '-o', 'args=', '-p', String(pid)]);
    if (output.includes('start.mjs')) throw new Error(`Already running with ${dataDir}, as process ${pid}`);
  }
  mkdirSync(join(dataDir, 'run'), { recursive: true });
  writeFileSync(file, String(process.pid));
  endings.push(() => rmSync(file, { force: true }));
}

/**
 * Taken ports are told at once, by name, rather than found in the log of a service that does not come up.
 *
 * @param {import('./settings.mjs').Settings} settings
 */
async function checkPorts({ ports, chosenPorts, connect, trace }) {
  const taken = [];
  for (const [name, port] of Object.entries(ports)) {
    if (name === 'connector-port' && connect === null) continue;
    if (name === 'trace-port' && !trace) continue;
    const mayMove = /^(kafka|redis|trace)-/.test(name) && !chosenPorts.has(/** @type {never} */ (name));
    if (!mayMove && !(await canListen(port))) taken.push(`--${name} ${port}`);
  }
  if (taken.length > 0) {
    throw new Error(`These ports are taken: ${taken.join(', ')}. Choose others, or all at once by --port-offset.`);
  }
}

/**
 * Ends what a run that was killed hard has left, should its guards have been killed as well.
 *
 * @param {string} dataDir
 */
async function endLeftovers(dataDir) {
  const services = readdirSync(join(dataDir, 'run')).filter((name) => name.endsWith('.json'));
  const pidFiles = [...services.map((name) => join('run', name)), 'kafka/kafka.pid.json', 'redis/redis.pid.json'];
  pidFiles.push('traces/zipkin.pid.json', 'traces/jaeger.pid.json');
  await Promise.all(pidFiles.map((name) => endStale(join(dataDir, name))));
}

/**
 * Topics as the stream files want them. A file that has changed since the last time is put live first: nobody else can do it, as
 * the broker runs no longer than this does.
 *
 * @param {string[]} streamFiles
 * @param {string} brokers
 */
async function createTopics(streamFiles, brokers) {
  const till = (/** @type {string[]} */ ...args) =>
    run(process.execPath, [programFile('apps/cli'), ...args], {
      env: { ...process.env, KAFKA_BROKERS: brokers, STREAM_FILES: streamFiles.join(',') },
    });
  let { code, output } = await till('topics', '--create');
  for (const file of code !== 0 && output.includes('till apply') ? streamFiles : []) {
    const applied = await till('apply', file, '--no-wait');
    if (applied.code !== 0) throw new Error(`The stream file has changed:\n${applied.output.trim()}`);
    if (applied.output.includes('Put live')) say(`The stream file has changed.\n${applied.output.trim()}`);
    ({ code, output } = await till('topics', '--create'));
  }
  if (code !== 0) throw new Error(`The topics could not be created:\n${output.trim()}`);
}

/** @param {import('./settings.mjs').Settings} settings */
function showLiveView({ ports, dataDir }) {
  const url = (/** @type {import('./settings.mjs').PortName} */ name) => `http://127.0.0.1:${ports[name]}`;
  const view = spawn(
    process.execPath,
    [
      programFile(LIVE_VIEW),
      ...['--gateway', url('gateway-port'), '--query', `127.0.0.1:${ports['query-api-grpc-port']}`],
      ...['--tasks', url('enricher-port'), '--tasks', url('aggregator-port'), '--logs', join(dataDir, 'logs')],
    ],
    { stdio: ['pipe', 'inherit', 'inherit'], detached: true }, // it ends with its input, so with us
  );
  view.on('error', () => undefined);
  view.stdin.on('error', () => undefined);
  const plain = say;
  say = (line) => void view.stdin.write(`${line}\n`); // it knows where on the screen there is room
  endings.push(async () => {
    say = plain;
    view.stdin.end();
    if (view.exitCode === null && view.signalCode === null) await once(view, 'exit');
  });
}

/** @param {string} file a stream file */
function declaresShop(file) {
  return /^stream: *commerce\b/m.test(readFileSync(file, 'utf8'));
}

/** @param {string} file */
function lastLines(file) {
  return existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n').slice(-15).join('\n') : '';
}

try {
  const settings = readSettings(process.argv.slice(2), process.env);
  if (settings.help) {
    process.stdout.write(HELP);
  } else {
    const interrupted = new Promise((resolve) => {
      for (const event of ['SIGINT', 'SIGTERM', 'SIGHUP', 'disconnect']) process.on(event, resolve);
    }).then(() => {
      stopping = true;
    });
    process.channel?.unref();
    await Promise.race([start(settings).then(() => interrupted), interrupted]);
    say('Stopping …');
  }
} catch (error) {
  if (!stopping) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
await end();
