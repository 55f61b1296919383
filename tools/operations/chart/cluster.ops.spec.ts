import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findKubernetes } from '@tillstream/local';
import { type ChartObject, containerOf, podOf } from './chart-objects';
import { Cluster, NAMESPACE } from './cluster';
import { Helm } from './helm';
import { COMMON, merged, type Values, valueFiles } from './values';

jest.setTimeout(180_000);

const what = 'the chart on a real API server';
const helm = findKubernetes() === null ? null : Helm.find(what);
const describeIfThere = helm ? describe : describe.skip;
if (findKubernetes() === null) {
  process.stderr.write(`skipped: ${what}: build one, once: node tools/local/kubernetes-build.mjs\n`);
}

describeIfThere('the chart on a real API server', () => {
  const directory = mkdtempSync(join(tmpdir(), 'chart-cluster-'));
  let cluster: Cluster;
  const act = (action: 'install' | 'upgrade' | 'uninstall', name: string, options: object = {}) =>
    helm!.act(action, { kubeconfig: cluster.kubeconfig, namespace: NAMESPACE, name, ...options });
  /** Resolves when the cluster says that everything runs. */
  const waiting = { wait: 'watcher', timeout: 60 };

  beforeAll(async () => {
    cluster = await Cluster.start(directory);
    // Named by the values of a feature.
    await cluster.create({
      apiVersion: 'scheduling.k8s.io/v1',
      kind: 'PriorityClass',
      metadata: { name: 'high' },
      value: 10,
    });
  });
  afterAll(async () => {
    helm?.close();
    await cluster?.stop();
    rmSync(directory, { recursive: true });
  });

  it('admits only pods that the restricted standard allows', async () => {
    const pod = { containers: [{ name: 'root', image: 'root' }] };
    const refused = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'root' }, spec: pod };
    expect(await cluster.refusalOf(refused)).toContain('violates PodSecurity "restricted:latest"');
  });

  it('takes every object of every values file, and knows every field', async () => {
    const tried = new Map<string, string | null>();
    for (const { name, values } of valueFiles()) {
      for (const object of await helm!.objects(values, { namespace: NAMESPACE })) {
        const key = JSON.stringify(object);
        // Strimzi's topics may be in its own namespace, which is not here.
        if (tried.has(key) || (object.metadata.namespace ?? NAMESPACE) !== NAMESPACE) continue;
        const refusal = await cluster.refusalOf(object);
        tried.set(key, refusal && `${name}: ${object.kind} ${object.metadata.name}: ${refusal}`);
        const pod = object.kind === 'Pod' ? null : podOf(object);
        if (pod) expect(await cluster.refusalOf(asPod(object, pod))).toBeNull();
      }
    }
    expect([...tried.values()].filter((refusal) => refusal !== null)).toEqual([]);
    expect(tried.size).toBeGreaterThan(150);
  });

  it('installs as a dry run of the server with every values file', async () => {
    for (const { name, values } of valueFiles()) {
      const { refusal } = await act('install', 'dry', { values, dry_run: 'server' });
      expect([name, refusal]).toEqual([name, undefined]);
    }
    expect(await cluster.list('apps/v1', 'Deployment')).toEqual([]);
  });

  it('installs twice side by side, rolls with a changed stream file, and leaves nothing behind', async () => {
    for (const name of ['one', 'two']) {
      const { refusal } = await act('install', name, { values: COMMON, ...waiting });
      expect(refusal).toBeUndefined();
    }
    expect(await readyPods()).toHaveLength(2 * 11);
    const before = await checksums();

    const changed = merged(COMMON, {
      streams: { files: { 'clicks.yaml': streamFile().replace('size: 1m', 'size: 2m') } },
    });
    expect((await act('upgrade', 'one', { values: changed, ...waiting })).refusal).toBeUndefined();
    const after = await checksums();
    expect(after.get('one-enricher')).not.toBe(before.get('one-enricher'));
    expect(after.get('two-enricher')).toBe(before.get('two-enricher'));
    const [config] = (await cluster.list('v1', 'ConfigMap')).filter(({ metadata }) => metadata.name === 'one-streams');
    expect(config?.data?.['clicks.yaml']).toContain('size: 2m');

    for (const name of ['one', 'two']) await act('uninstall', name);
    for (const [version, kind] of [
      ['apps/v1', 'Deployment'],
      ['v1', 'Service'],
      ['batch/v1', 'Job'],
      ['v1', 'Secret'],
    ] as const) {
      const left = await cluster.list(version, kind);
      expect([kind, left.map(({ metadata }) => metadata.name)]).toEqual([kind, []]);
    }
  });

  it('runs with a broker and a Redis of its own, and keeps the lake when it is removed', async () => {
    const local = valueFiles().find(({ name }) => name.endsWith('local.yaml'))!.values;
    await cluster.create(volume());
    expect((await act('install', 'look', { values: local, ...waiting })).refusal).toBeUndefined();
    const jobs = await cluster.list('batch/v1', 'Job');
    expect(jobs.map(({ metadata }) => metadata.name)).toEqual(['look-topics-1']);
    expect(containerOf(jobs, 'look-topics-1', 'Job').container.args).toContain('--create');
    await act('uninstall', 'look');
    const claims = await cluster.list('v1', 'PersistentVolumeClaim');
    expect(claims.map(({ metadata }) => metadata.name)).toEqual(['look-lake']);
  });

  it('does not install what the values refuse', async () => {
    const values = merged(COMMON, { services: { enricher: { replicas: 7 } } });
    const { refusal } = await act('install', 'wrong', { values });
    expect(refusal).toContain('no stream has more than 6 partitions');
    expect((await cluster.list('v1', 'Secret')).map(({ metadata }) => metadata.name)).toEqual([]);
  });

  async function readyPods(): Promise<ChartObject[]> {
    const pods = (await cluster.list('v1', 'Pod')) as (ChartObject & {
      readonly status?: { readonly phase?: string };
    })[];
    return pods.filter(({ status }) => status?.phase === 'Running');
  }

  /** By Deployment, what its pods say of the stream files. */
  async function checksums(): Promise<Map<string, string | undefined>> {
    const deployments = await cluster.list('apps/v1', 'Deployment');
    return new Map(
      deployments.map(({ metadata, spec }) => {
        const { template } = spec as { readonly template: Pick<ChartObject, 'metadata'> };
        return [metadata.name, template.metadata.annotations?.['checksum/streams']];
      }),
    );
  }
});

/** The pod that a controller would make: the server looks at it only then. */
function asPod({ kind, metadata }: ChartObject, pod: object): ChartObject {
  const spec = kind === 'Job' ? pod : { ...pod, serviceAccountName: undefined };
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name: metadata.name }, spec };
}

function streamFile(): string {
  const { streams } = COMMON as { readonly streams: { readonly files: Readonly<Record<string, string>> } };
  return streams.files['clicks.yaml'] ?? '';
}

/** What a claim of the local values binds to. */
function volume(): ChartObject {
  const spec: Values = {
    capacity: { storage: '1Gi' },
    accessModes: ['ReadWriteOnce'],
    hostPath: { path: '/tmp/none' },
    persistentVolumeReclaimPolicy: 'Retain',
  };
  return { apiVersion: 'v1', kind: 'PersistentVolume', metadata: { name: 'lake' }, spec };
}
