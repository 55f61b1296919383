import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

export const HELP = `Runs Tillstream on this machine until Ctrl-C: broker, Redis, the services, and a simulated shop with a view of what comes out.

  npm start                           everything
  npm start -- --no-simulator         the platform alone; prints a line "ready" with the addresses

  --data-dir DIR        where everything is kept, used again by the next run (default .tillstream)
  --rate N              events a second of the simulated shop (default 200)
  --stream-file FILE    may be repeated (default deploy/streams/commerce.yaml); the simulated shop needs that one
  --trace               a trace back end with pages for people: Jaeger where Docker or a \`jaeger\` is at hand, else Zipkin; every
                        request is sampled unless OTEL_TRACES_SAMPLER says otherwise
  --connect STREAM=URL  a connector that brings the server-sent events at URL into a stream
  --brokers LIST        use this Kafka instead of starting one (or KAFKA_BROKERS)
  --redis URL           use this Redis instead of starting one (or REDIS_URL)
  --port-offset N       added to every port below, to run beside another one
  --gateway-port N      HTTP, default 8080            --gateway-grpc-port N   default 50051
  --enricher-port N     HTTP, default 8081            --aggregator-port N     HTTP, default 8082
  --session-tracker-port N  HTTP, default 8083        --session-tracker-grpc-port N  default 50053
  --sink-writer-port N  HTTP, default 8084
  --query-api-port N    HTTP, default 8085            --query-api-grpc-port N default 50052
  --connector-port N    HTTP, default 8086
  --kafka-port N        default 19092                 --redis-port N          default 16379
  --trace-port N        default 16686                 (these three: when taken and not asked for, another one)

Write keys are TILLSTREAM_WRITE_KEYS, "tillstream-demo" unless set. Other variables, such as LOG_LEVEL and OTEL_*, go to the services
as they are.
`;

const PORTS = {
  'gateway-port': 8080,
  'gateway-grpc-port': 50051,
  'enricher-port': 8081,
  'aggregator-port': 8082,
  'session-tracker-port': 8083,
  'session-tracker-grpc-port': 50053,
  'sink-writer-port': 8084,
  'query-api-port': 8085,
  'query-api-grpc-port': 50052,
  'connector-port': 8086,
  'kafka-port': 19092,
  'redis-port': 16379,
  'trace-port': 16686,
};

/**
 * Ports above 1023 that browsers and fetch refuse to call: https://fetch.spec.whatwg.org/#port-blocking. A service there would
 * run, and nobody would find it ready.
 */
const NEVER_CALLED = new Set([
  ...[1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697],
  10080,
]);

/** @typedef {keyof typeof PORTS} PortName */

/**
 * @typedef {object} Settings
 * @property {boolean} help
 * @property {boolean} simulator
 * @property {boolean} trace
 * @property {string} dataDir
 * @property {string} rate
 * @property {string[]} streamFiles
 * @property {{ stream: string, url: string } | null} connect
 * @property {string | undefined} brokers
 * @property {string | undefined} redis
 * @property {string} writeKeys
 * @property {Record<PortName, number>} ports
 * @property {ReadonlySet<PortName>} chosenPorts those that the caller asked for by name
 */

/**
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} environment
 * @returns {Settings}
 * @throws {Error} that names what is wrong with the arguments
 */
export function readSettings(args, environment) {
  const { values } = parseArgs({
    args,
    options: {
      help: { type: 'boolean', short: 'h', default: false },
      'no-simulator': { type: 'boolean', default: false },
      trace: { type: 'boolean', default: false },
      'data-dir': { type: 'string', default: '.tillstream' },
      rate: { type: 'string', default: '200' },
      'stream-file': { type: 'string', multiple: true, default: ['deploy/streams/commerce.yaml'] },
      connect: { type: 'string' },
      brokers: { type: 'string' },
      redis: { type: 'string' },
      'port-offset': { type: 'string', default: '0' },
      ...Object.fromEntries(Object.keys(PORTS).map((name) => [name, { type: /** @type {const} */ ('string') }])),
    },
  });
  const given = /** @type {Record<string, string | undefined>} */ (/** @type {unknown} */ (values));
  const names = /** @type {PortName[]} */ (Object.keys(PORTS));
  const offset = wholeNumber('--port-offset', values['port-offset']);
  const ports = names.map((name) => [name, wholeNumber(`--${name}`, given[name] ?? String(PORTS[name])) + offset]);
  const tooHigh = ports.find(([, port]) => Number(port) > 65_535);
  if (tooHigh) throw new Error(`${tooHigh[0]} would be ${tooHigh[1]}: ports end at 65535`);
  const neverCalled = ports.find(([name, port]) => isHttp(String(name)) && NEVER_CALLED.has(Number(port)));
  if (neverCalled) {
    throw new Error(
      `${neverCalled[0]} would be ${neverCalled[1]}, which browsers and fetch refuse to call: choose another`,
    );
  }
  return {
    help: values.help,
    simulator: !values['no-simulator'],
    trace: values.trace,
    dataDir: resolve(values['data-dir']),
    rate: String(wholeNumber('--rate', values.rate)),
    streamFiles: values['stream-file'].map((file) => resolve(file)),
    connect: connection(given['connect']),
    brokers: given['brokers'] ?? (environment['KAFKA_BROKERS'] || undefined),
    redis: given['redis'] ?? (environment['REDIS_URL'] || undefined),
    writeKeys: environment['TILLSTREAM_WRITE_KEYS'] || 'tillstream-demo',
    ports: /** @type {Record<PortName, number>} */ (Object.fromEntries(ports)),
    chosenPorts: new Set(names.filter((name) => given[name] !== undefined)),
  };
}

/** @param {string} name of an option */
const isHttp = (name) => !/-grpc-|kafka|redis/.test(name);

/**
 * @param {string} name
 * @param {string} text
 */
function wholeNumber(name, text) {
  if (!/^\d+$/.test(text)) throw new Error(`${name} must be a whole number, not ${JSON.stringify(text)}`);
  return Number(text);
}

/** @param {string | undefined} text `STREAM=URL` */
function connection(text) {
  if (text === undefined) return null;
  const [, stream, url] = /^([a-z][a-z0-9-]*)=(https?:\/\/.+)$/.exec(text) ?? [];
  if (stream === undefined || url === undefined || !URL.canParse(url)) {
    throw new Error(
      `--connect names a stream and where its events come from, as STREAM=https://…, not ${JSON.stringify(text)}`,
    );
  }
  return { stream, url };
}
