import { Helm } from './helm';
import { COMMON, merged, type Values } from './values';

jest.setTimeout(60_000);

const helm = Helm.find('wrong values of the chart');
const eachIfThere = helm ? it.each : it.skip.each;
const heap = (mib: number): Values => ({ defaults: { env: { NODE_OPTIONS: `--max-old-space-size=${mib}` } } });
const commerce = { 'shop.yaml': 'stream: clicks\npartitions: 2\n' };
const searched = { 'shop.yaml': 'stream: shop\npartitions: 2\nsinks: { search: { type: opensearch } }\n' };

/** What is set beside the common values, and a part of what is said to it. */
const WRONG: readonly (readonly [what: string, values: Values, reason: string])[] = [
  ['a setting that does not exist', { kafka: { broker: 'kafka:9092' } }, "additional properties 'broker' not allowed"],
  ['a service that does not exist', { services: { gatway: { enabled: true } } }, "'gatway' not allowed"],
  ['a broker without a port', { kafka: { brokers: ['kafka'] } }, "at '/kafka/brokers/0': 'kafka' does not match"],
  ['replicas as text', { services: { enricher: { replicas: '2' } } }, "at '/services/enricher/replicas': got string"],
  ['drains that never end', { defaults: { maxUnavailable: 0 } }, "at '/defaults/maxUnavailable': minimum"],
  ['a share above one', { telemetry: { sampleRatio: 2 } }, "at '/telemetry/sampleRatio': maximum"],
  ['a mechanism nobody speaks', { kafka: { sasl: { mechanism: 'md5' } } }, "at '/kafka/sasl/mechanism': value must be"],
  ['a size that is none', { defaults: { resources: { limits: { memory: '1GB' } } } }, "'1GB' does not match pattern"],
  ['a log level of others', { defaults: { logLevel: 'verbose' } }, "at '/defaults/logLevel': value must be one of"],
  ['an event that is no text', { test: { event: { at: 'now' } } }, "at '/test/event': got object, want string"],
  ['no brokers', { kafka: { brokers: [] } }, 'kafka.brokers is empty: name the brokers (host:port)'],
  ['two brokers to choose from', { bundled: { kafka: { enabled: true } } }, 'which broker is meant? Leave one out'],
  ['TLS files without TLS', { kafka: { tls: { ca: { secret: 'ca' } } } }, 'of no use without kafka.tls.enabled'],
  ['a user without a way to log in', { kafka: { sasl: { username: 'me' } } }, 'needs kafka.sasl.mechanism'],
  ['a login without a Secret', { kafka: { sasl: { mechanism: 'scram-sha-512' } } }, 'needs kafka.sasl.existingSecret'],
  [
    'a password that all can read',
    { kafka: { sasl: { mechanism: 'plain', existingSecret: 'kafka' } } },
    'sends the password as it is: set kafka.tls.enabled',
  ],
  ['no Redis', { redis: { url: '' } }, 'redis.url is empty: name the server, or redis.existingSecret'],
  ['a password in the values', { redis: { url: 'redis://me:secret@redis:6379' } }, 'redis.url holds credentials'],
  ['servers of no Cluster', { redis: { url: 'redis://a:1,redis://b:1' } }, 'set redis.cluster, or name one'],
  [
    'Sentinels without a master',
    { redis: { sentinel: { addresses: ['s:26379'] } } },
    'needs both addresses and master',
  ],
  [
    'a password for the bundled Redis',
    { redis: { url: '', auth: { existingSecret: 'redis' } }, bundled: { redis: { enabled: true } } },
    'the bundled Redis asks for no password and refuses one',
  ],
  ['a CA for plain Redis', { redis: { tls: { ca: { secret: 'ca' } } } }, 'write rediss:// in redis.url'],
  ['no keys', { keys: { existingSecret: '' } }, 'keys.existingSecret is empty'],
  ['keys that open what is open', { keys: { openToAll: true } }, 'would make the keys of keys.existingSecret useless'],
  ['certificates of clients without TLS', { tls: { clientCa: { secret: 'ca' } } }, 'need tls.existingSecret'],
  ['no stream files', { streams: { files: null } }, 'streams.files is empty: give stream files (--set-file'],
  [
    'the name of a stream file for its text',
    { streams: { files: { 'clicks.yaml': 'streams/clicks.yaml' } } },
    'Give its text, as --set-file does, and not its name',
  ],
  [
    'names of stream files beside their texts',
    { streams: { names: ['clicks.yaml'] } },
    'streams.names is for streams.existingConfigMap',
  ],
  ['a stream twice', { streams: { files: commerce } }, 'streams.files declare a stream twice: clicks, clicks'],
  [
    'more replicas than partitions',
    { services: { aggregator: { autoscaling: { enabled: true, maxReplicas: 12 } } } },
    'services.aggregator.autoscaling.maxReplicas is 12, but no stream has more than 6 partitions',
  ],
  [
    'least above most',
    { services: { gateway: { autoscaling: { enabled: true, minReplicas: 5, maxReplicas: 3 } } } },
    'minReplicas 5 is more than maxReplicas 3',
  ],
  [
    'no time to drain',
    { services: { enricher: { shutdownTimeoutMs: 1000 } } },
    'is less than the 5 s that a service may need',
  ],
  [
    'KEDA for nothing',
    { keda: { enabled: true }, services: { gateway: { autoscaling: { enabled: true } } } },
    'keda.enabled scales nothing',
  ],
  [
    'a switch that YAML reads as true',
    { services: { 'query-api': { env: { TILLSTREAM_SQL: true } } } },
    "at '/services/query-api/env/TILLSTREAM_SQL': got boolean, want",
  ],
  [
    'a variable twice',
    { defaults: { env: { LOG_LEVEL: 'debug' } } },
    'LOG_LEVEL among env or secretEnv is what the chart says by a setting of its own',
  ],
  ['a heap beyond the limit', heap(900), 'gives Node a heap of 900 MiB, and the container may have 1Gi in all'],
  [
    'a heap beyond the limit of a connector',
    merged(heap(500), { connectors: { wiki: { sourceUrl: 'https://example.com', stream: 'clicks' } } }),
    'connectors.wiki: NODE_OPTIONS gives Node a heap of 500 MiB, and the container may have 512Mi in all',
  ],
  [
    'a volume of one pod for two services',
    { lake: { where: '', volume: { accessMode: 'ReadWriteOncePod' } } },
    'lets one pod in, and there are sink-writer, query-api: use ReadWriteMany',
  ],
  [
    'a volume of one node for two writers',
    { lake: { where: '', volume: { accessMode: 'ReadWriteOnce' } }, services: { 'sink-writer': { replicas: 2 } } },
    'use ReadWriteMany, or lake.where with a bucket',
  ],
  [
    'an Ingress without a host',
    { ingress: { http: { enabled: true } } },
    'ingress.http.enabled needs ingress.http.host',
  ],
  ['routes without a Gateway', { gatewayApi: { enabled: true } }, 'gatewayApi.enabled needs gatewayApi.parentRefs'],
  [
    'metrics that count twice',
    { telemetry: { podMonitor: { enabled: true }, serviceMonitor: { enabled: true } } },
    'would both be scraped',
  ],
  [
    'traces to two places',
    { telemetry: { otlpEndpoint: 'http://a:1', zipkinEndpoint: 'http://b:1' } },
    'where do traces go?',
  ],
  ['topics of nobody', { topics: { create: 'strimzi' } }, 'needs topics.strimzi.cluster'],
  [
    'a list of topics that is too short',
    { topics: { create: 'strimzi', strimzi: { cluster: 'shop', topics: [{ name: 'web-clicks', partitions: 6 }] } } },
    'topics.strimzi.topics lacks clicks.enriched.v1: write the list with `till topics --print values',
  ],
  [
    'a source without a stream',
    { connectors: { wiki: { sourceUrl: 'https://example.com' } } },
    "missing property 'stream'",
  ],
  [
    'a source of an unknown stream',
    { connectors: { wiki: { sourceUrl: 'https://example.com', stream: 'wiki' } } },
    'connectors.wiki.stream names wiki, which no stream file declares: there is clicks',
  ],
  [
    'a source without a key',
    { keys: { ownSecret: '' }, connectors: { wiki: { sourceUrl: 'https://example.com', stream: 'clicks' } } },
    'connectors.wiki has no key to show to the gateway: name a Secret with write-key in keys.ownSecret',
  ],
  [
    'a source with a name that is too long',
    {
      fullnameOverride: 'a'.repeat(40),
      connectors: { 'all-of-wikipedia': { sourceUrl: 'https://example.com', stream: 'clicks' } },
    },
    'which is longer than 63 letters',
  ],
  ['a metric without an event', { test: { metric: 'pages' } }, 'test.metric needs test.event'],
  [
    'a test of an unknown stream',
    { test: { stream: 'shop' } },
    'test.stream names shop, which no stream file declares',
  ],
  [
    'a sink of no stream',
    { sinks: { serach: { where: 'https://search' } } },
    'sinks.serach is a sink that no stream file declares: there is lake',
  ],
  ['a lake among the sinks', { sinks: { lake: { where: 's3://b' } } }, 'the lake has settings of its own'],
  [
    'keys of no Secret',
    { streams: { files: searched }, sinks: { search: { keys: ['user'] } } },
    'needs sinks.search.existingSecret',
  ],
];

describe('the chart refuses, with the reason,', () => {
  afterAll(() => helm?.close());

  eachIfThere(WRONG)('%s', async (_what, values, reason) => {
    const rendered = await helm!.render(merged(COMMON, values));
    expect('refusal' in rendered ? rendered.refusal : 'not refused').toContain(reason);
  });
});
