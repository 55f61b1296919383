import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { parseStreamFile, type StreamDefinition } from '@tillstream/contracts';
import { groupsOf } from '../../../apps/cli/src/kafka/group-lag';
import { containerOf, named, podOf } from './chart-objects';
import { Helm } from './helm';
import { COMMON, merged, readValues, type Values } from './values';

jest.setTimeout(60_000);

const helm = Helm.find('features of the chart');
const itIfThere = helm ? it : it.skip;
const ROOT = join(__dirname, '../../..');
const feature = (name: string): Values => readValues(join(ROOT, `helm/tillstream/ci/${name}.yaml`));
const rendered = (name: string, more: Values = {}) => helm!.objects(merged(merged(COMMON, feature(name)), more));
const SCALED = { autoscaling: { enabled: true, maxReplicas: 2 } };

describe('the chart', () => {
  afterAll(() => helm?.close());

  itIfThere(
    'lets pods drain before they are killed: the grace period is longer than notice and shutdown together',
    async () => {
      const { pod, container } = containerOf(await rendered('pods'), 'shop-numbers-aggregator');
      expect(pod.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(40);
      expect(container.lifecycle).toBeUndefined();
      const usual = containerOf(await helm!.objects(COMMON), 'shop-aggregator');
      expect(usual.container.lifecycle?.preStop?.sleep?.seconds).toBe(5);
      expect(usual.pod.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(5 + 25);
    },
  );

  itIfThere('asks who is alive without Kafka and Redis, and who is ready with them', async () => {
    for (const name of ['gateway', 'enricher', 'query-api']) {
      const { container } = containerOf(await rendered('tls'), `shop-${name}`);
      expect(container.livenessProbe?.httpGet).toEqual({ path: '/healthz', port: 'http', scheme: 'HTTPS' });
      expect(container.startupProbe?.httpGet?.path).toBe('/healthz');
      expect(container.readinessProbe?.httpGet?.path).toBe('/readyz');
    }
  });

  itIfThere('upgrades one service after the other, by a tag of its own', async () => {
    const objects = await rendered('pods', { services: { 'query-api': { tag: '0.2.0' } } });
    expect(containerOf(objects, 'shop-numbers-query-api').container.image).toMatch(/tillstream\/query-api:0\.2\.0$/);
    expect(containerOf(objects, 'shop-numbers-gateway').container.image).toMatch(/tillstream\/gateway:0\.1\.0-rc\.1$/);
  });

  itIfThere('spreads pods over nodes and zones, and does not replace two at a time', async () => {
    const objects = await helm!.objects(COMMON);
    const { pod } = containerOf(objects, 'shop-gateway');
    expect(pod.topologySpreadConstraints?.map(({ topologyKey }) => topologyKey)).toEqual([
      'kubernetes.io/hostname',
      'topology.kubernetes.io/zone',
    ]);
    expect(named(objects, 'Deployment', 'shop-gateway').spec).toMatchObject({
      strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
    });
    expect(named(objects, 'PodDisruptionBudget', 'shop-gateway').spec).toMatchObject({ maxUnavailable: 1 });
  });

  itIfThere(
    'puts every secret into files or variables of the pods that need it, and no secret into its own objects',
    async () => {
      const objects = await rendered('kafka-tls-sasl', feature('redis-tls-acl'));
      const secretsOf = (name: string): string[] => {
        const { pod, container } = containerOf(objects, name);
        const variables = (container.env ?? []).flatMap(({ valueFrom }) => valueFrom?.secretKeyRef?.name ?? []);
        return [
          ...new Set([...(pod.volumes ?? []).flatMap(({ secret }) => secret?.secretName ?? []), ...variables]),
        ].sort();
      };
      expect(secretsOf('shop-enricher')).toEqual(['kafka-ca', 'kafka-user', 'redis-ca', 'redis-client', 'redis-user']);
      expect(secretsOf('shop-gateway')).toEqual(['kafka-ca', 'kafka-user', 'tillstream-keys']);
      expect(objects.filter(({ kind }) => kind === 'Secret')).toEqual([]);
      const mounted = objects
        .flatMap((object) => podOf(object)?.containers ?? [])
        .flatMap((one) => one.volumeMounts ?? []);
      // A file that is mounted alone never changes: what is renewed would not be seen.
      expect(mounted.filter(({ subPath }) => subPath !== undefined)).toEqual([]);
    },
  );

  itIfThere('lets services ask each other over TLS, with a certificate where one is wanted', async () => {
    const { variables } = containerOf(await rendered('mutual-tls'), 'shop-query-api');
    expect(variables.get('SESSION_TRACKER_ADDRESS')?.value).toBe('grpcs://shop-session-tracker-pods:50053');
    expect([...variables.keys()]).toEqual(
      expect.arrayContaining(['TILLSTREAM_TLS_CLIENT_CA_FILE', 'TILLSTREAM_CA_FILE', 'TILLSTREAM_CLIENT_CERT_FILE']),
    );
    const connector = containerOf(await rendered('connectors', feature('tls')), 'shop-connector-pages');
    expect(connector.variables.get('CONNECTOR_GATEWAY_URL')?.value).toBe('https://shop-gateway:8080');
  });

  itIfThere('scales readers on what they really read, and on no group that nobody is in', async () => {
    const text = (name: string): string => readFileSync(join(ROOT, 'deploy/streams', name), 'utf8');
    const files = {
      'commerce.yaml': `${text('commerce.yaml')}\ntopics: { raw: shop-events }\n`,
      // Without sessions and attribution: there is nothing in it for the session-tracker.
      'retail.yaml': text('retail.yaml').replace(/^lake: .*$/m, 'lake: off'),
      'wiki.yaml': `${text('wikimedia.yaml')}\ngeneration: 2\nsinks: { db: { type: postgres, where: 'postgres://db/wiki', what: [finals, sessions] } }\n`,
    };
    const services = { enricher: SCALED, aggregator: SCALED, 'session-tracker': SCALED, 'sink-writer': SCALED };
    const objects = await rendered('keda', { streams: { files }, services });
    const read = Object.entries(files).flatMap(([file, content]) =>
      groupsOf(definitionOf(content, file)).flatMap(({ group, reads }) => reads.map((topic) => `${group} ${topic}`)),
    );
    const watched = Object.keys(services).flatMap((service) => triggersOf(objects, service));
    const common = /^clicks\./; // the stream that all values files have
    expect(watched.filter((one) => !common.test(one)).sort()).toEqual(read.sort());
    expect(read).toContain('wikimedia.v2.sink-writer.db wikimedia.sessions.v2');
  });

  itIfThere('scales on CPU what has no lag: no stream has anything in it for the session-tracker', async () => {
    const objects = await rendered('keda');
    expect(objects.some(({ kind, metadata: { name } }) => kind === 'ScaledObject' && /tracker/.test(name))).toBe(false);
    named(objects, 'HorizontalPodAutoscaler', 'shop-session-tracker');
  });

  itIfThere('never scales beyond partitions by itself, and slowly down', async () => {
    const objects = await rendered('keda');
    const { spec } = named(objects, 'ScaledObject', 'shop-aggregator');
    expect(spec).toMatchObject({
      maxReplicaCount: 6,
      advanced: { horizontalPodAutoscalerConfig: { behavior: { scaleDown: { stabilizationWindowSeconds: 300 } } } },
    });
    expect(
      objects.filter(({ kind }) => kind === 'HorizontalPodAutoscaler').map(({ metadata }) => metadata.name),
    ).toEqual(['shop-gateway', 'shop-query-api', 'shop-session-tracker']);
    expect(named(objects, 'Deployment', 'shop-gateway').spec).not.toHaveProperty('replicas');
  });

  itIfThere('logs KEDA in as the services do', async () => {
    const objects = await rendered('kafka-strimzi-scram');
    const metadata = { sasl: 'scram_sha512', tls: 'enable' };
    expect(named(objects, 'ScaledObject', 'shop-enricher').spec).toMatchObject({
      triggers: [{ metadata, authenticationRef: { name: 'shop-kafka' } }],
    });
    expect(named(objects, 'TriggerAuthentication', 'shop-kafka').spec).toEqual({
      secretTargetRef: [
        { parameter: 'username', name: 'shop-kafka-user', key: 'username' },
        { parameter: 'password', name: 'tillstream', key: 'password' },
        { parameter: 'ca', name: 'shop-cluster-ca-cert', key: 'ca.crt' },
      ],
    });
  });

  itIfThere('rolls pods with a changed stream file, or leaves them alone when it is only put live', async () => {
    const other = { streams: { files: { 'clicks.yaml': 'stream: clicks\npartitions: 6\n' } } };
    const checksum = async (values: Values) =>
      JSON.stringify(named(await helm!.objects(values), 'Deployment', 'shop-enricher').spec);
    expect(await checksum(merged(COMMON, other))).not.toBe(await checksum(COMMON));
    const only = merged(COMMON, feature('apply-only'));
    expect(await checksum(merged(only, other))).toBe(await checksum(only));
    const args = async (values: Values) =>
      containerOf(await helm!.objects(values), 'shop-topics', 'Job').container.args;
    expect(await args(only)).toEqual(['topics', '--create', '--apply', '--replication', '2']);
    expect(await args(merged(COMMON, { streams: { onChange: 'roll' } }))).toEqual(['topics', '--create']);
  });

  itIfThere('lets nobody into the session-tracker but the query API, nor into the others but for metrics', async () => {
    const objects = await rendered('closed-network');
    const { spec } = named(objects, 'NetworkPolicy', 'shop-session-tracker');
    const matchLabels = expect.objectContaining({ 'app.kubernetes.io/component': 'query-api' }) as unknown;
    expect(spec).toMatchObject({
      policyTypes: ['Ingress', 'Egress'],
      ingress: [
        { ports: [{ port: 'grpc' }], from: [{ podSelector: { matchLabels } }] },
        { ports: [{ port: 'http' }], from: [{ podSelector: {} }, { namespaceSelector: {} }] },
      ],
    });
    const { egress } = spec as {
      readonly egress: readonly { readonly ports?: readonly { readonly port: number }[] }[];
    };
    expect(egress.flatMap(({ ports = [] }) => ports.map(({ port }) => port))).toEqual([
      53, 53, 9092, 6379, 4318, 443, 5432,
    ]);
  });

  itIfThere('lets pods out to a bucket that is not at its usual port', async () => {
    const lake = { where: 's3://lake/shop', endpoint: 'https://minio.data:9000' };
    const objects = await rendered('closed-network', { lake });
    const { variables } = containerOf(objects, 'shop-query-api');
    expect(variables.get('TILLSTREAM_SINK_LAKE_ENDPOINT')?.value).toBe(lake.endpoint);
    const { spec } = named(objects, 'NetworkPolicy', 'shop-query-api');
    expect(JSON.stringify(spec)).toContain('{"port":9000}');
    expect(JSON.stringify(spec)).not.toContain('{"port":443}');
  });

  itIfThere('has a stream file say where its lake is, before a volume that nobody has asked for', async () => {
    const { variables } = containerOf(await rendered('sinks'), 'shop-sink-writer');
    expect(variables.has('TILLSTREAM_SINK_LAKE_WHERE')).toBe(false);
    expect(variables.get('TILLSTREAM_SINK_LAKE_DEFAULT_WHERE')?.value).toBe('/var/lib/tillstream/lake');
    const given = containerOf(await helm!.objects(COMMON), 'shop-sink-writer').variables;
    expect(given.get('TILLSTREAM_SINK_LAKE_WHERE')?.value).toBe('s3://lake/shop');
  });

  itIfThere('shows the metrics of every process to a ServiceMonitor: connectors have a Service, too', async () => {
    const objects = await rendered('connectors', feature('monitoring'));
    const processes = objects.filter(({ kind }) => kind === 'Deployment').map(({ metadata }) => metadata.name);
    const { selector } = named(objects, 'ServiceMonitor', 'shop').spec as {
      readonly selector: { readonly matchLabels: Readonly<Record<string, string>> };
    };
    const seen = objects.filter(
      ({ kind, metadata: { labels = {} } }) =>
        kind === 'Service' && Object.entries(selector.matchLabels).every(([label, value]) => labels[label] === value),
    );
    expect(seen.map(({ metadata }) => metadata.name).sort()).toEqual(processes.sort());
    expect(processes).toContain('shop-connector-pages');
  });

  itIfThere('has a pod to exec into that reaches all there is, also where few may', async () => {
    const answer = await helm!.render(merged(merged(COMMON, feature('till')), feature('closed-network')));
    if ('refusal' in answer) throw new Error(answer.refusal);
    const { objects, notes } = answer;
    const { variables } = containerOf(objects, 'shop-till');
    const needed = [
      'KAFKA_BROKERS',
      'REDIS_URL',
      'TILLSTREAM_QUERY',
      'TILLSTREAM_READ_KEY',
      'TILLSTREAM_SINK_LAKE_WHERE',
    ];
    expect(needed.filter((name) => !variables.has(name))).toEqual([]);
    const ports = [8080, 8081, 8082, 8083, 8084, 8085];
    for (const port of ports)
      expect(notes).toMatch(new RegExp(`-- /app/main\\.js doctor .*--service http://shop-[a-z-]+:${port}`));
    const policies = objects.filter(({ kind }) => kind === 'NetworkPolicy');
    const ofRelease = { 'app.kubernetes.io/name': 'tillstream', 'app.kubernetes.io/instance': 'shop' };
    for (const { metadata, spec } of policies) {
      const { ingress } = spec as { readonly ingress: readonly { readonly ports: object; readonly from?: object }[] };
      const open = ingress.filter(({ ports: at }) => JSON.stringify(at).includes('"http"'));
      expect([metadata.name, open]).toEqual([
        metadata.name,
        expect.arrayContaining([
          expect.objectContaining({
            from: expect.arrayContaining([{ podSelector: { matchLabels: ofRelease } }]) as unknown,
          }),
        ]),
      ]);
    }
  });

  itIfThere('asks nobody by a name that the certificate of its README does not have', async () => {
    const readme = readFileSync(join(ROOT, 'helm/tillstream/README.md'), 'utf8');
    const block = /^```yaml\n(apiVersion: cert-manager[^]*?)^```/m.exec(readme)?.[1] ?? '';
    const { spec, metadata } = parse(block) as {
      readonly metadata: { readonly name: string; readonly namespace: string };
      readonly spec: { readonly dnsNames: readonly string[] };
    };
    const values = [feature('tls'), feature('connectors'), feature('till')].reduce(merged, COMMON);
    const answer = await helm!.render(values, metadata);
    if ('refusal' in answer) throw new Error(answer.refusal);
    const asked = [...JSON.stringify(answer).matchAll(/\b(?:https|grpcs):\/\/(tillstream-[\w-]+|localhost)/g)];
    const names = [...new Set(asked.map(([, name = '']) => name))];
    expect(names.length).toBeGreaterThan(7);
    expect(names.filter((name) => !spec.dnsNames.includes(name))).toEqual([]);
  });

  itIfThere('leads from an alert to a copy of its page, where somebody has said where that is', async () => {
    const runbooks = 'https://git.example/tillstream/blob/main/';
    const objects = await rendered('monitoring', { telemetry: { prometheusRule: { runbooks } } });
    const urls = JSON.stringify(named(objects, 'PrometheusRule', 'shop').spec).match(/"runbook_url":"[^"]*"/g) ?? [];
    expect(urls.length).toBeGreaterThan(25);
    for (const url of urls)
      expect(url).toMatch(/^"runbook_url":"https:\/\/git\.example\/tillstream\/blob\/main\/docs\/alerts\.md#\w+"$/);
  });

  itIfThere('holds alerts and dashboards as they are', async () => {
    const objects = await rendered('monitoring');
    const { groups } = named(objects, 'PrometheusRule', 'shop').spec as { readonly groups: readonly object[] };
    expect({ groups }).toEqual(readValues(join(ROOT, 'deploy/prometheus/alerts.yaml')));
    for (const { data } of objects.filter(({ metadata }) => metadata.labels?.['grafana_dashboard'] === '1')) {
      for (const text of Object.values(data ?? {})) expect(JSON.parse(text)).toHaveProperty('panels');
    }
  });

  itIfThere('tells the next three commands', async () => {
    const notes = async (values: Values): Promise<string> => {
      const answer = await helm!.render(values);
      return 'notes' in answer ? answer.notes : '';
    };
    expect(await notes(COMMON)).toMatch(
      /1\. Wait[^]*kubectl[^]*2\. See[^]*helm -n numbers test shop[^]*3\. Ask[^]*till query metrics/,
    );
    expect(await notes(merged(COMMON, feature('tls')))).toContain('grpcs://localhost:50052');
    expect(await notes(merged(COMMON, feature('mutual-tls')))).toContain('--cert me.crt --cert-key me.key');
    expect(await notes(merged(COMMON, feature('no-topics')))).toContain('until it has been put live');
    const clients = { networkPolicy: { clients: [{ podSelector: {} }] } };
    expect(await notes(merged(COMMON, clients))).toContain('name Prometheus in networkPolicy.monitors');
    expect(await notes(merged(COMMON, feature('open-to-all')))).toContain(
      'Whoever reaches the services may write and read',
    );
  });

  itIfThere('has no `helm test` where it could not end well, and says what else to do', async () => {
    const without: readonly Values[] = [
      { keys: { ownSecret: '' } },
      { services: { 'query-api': { enabled: false } } },
      merged(feature('own-test'), { services: { gateway: { enabled: false } } }),
    ];
    for (const values of without) {
      const answer = await helm!.render(merged(COMMON, values));
      if ('refusal' in answer) throw new Error(answer.refusal);
      expect(answer.objects.filter(({ kind }) => kind === 'Pod')).toEqual([]);
      expect(answer.notes).not.toContain('helm -n numbers test');
    }
    named(await rendered('own-test'), 'Pod', 'shop-test');
  });
});

function definitionOf(text: string, file: string): StreamDefinition {
  const parsed = parseStreamFile(text, { file });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.definition;
}

/** Group and topic of each trigger of a service. */
function triggersOf(objects: Parameters<typeof named>[0], service: string): string[] {
  const { triggers } = named(objects, 'ScaledObject', `shop-${service}`).spec as {
    readonly triggers: readonly { readonly metadata: { readonly consumerGroup: string; readonly topic: string } }[];
  };
  return triggers.map(({ metadata: { consumerGroup, topic } }) => `${consumerGroup} ${topic}`);
}
