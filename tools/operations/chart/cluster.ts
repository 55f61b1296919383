import { readFileSync } from 'node:fs';
import { startKubernetes } from '@tillstream/local';
import { parse } from 'yaml';
import { until } from '../../e2e/platform';
import type { ChartObject } from './chart-objects';
import { definitionFiles } from './definitions';

type Kubernetes = Awaited<ReturnType<typeof startKubernetes>>;

/** A namespace in which only pods run that the `restricted` standard allows. */
export const NAMESPACE = 'numbers';

/** A Kubernetes that knows the kinds of KEDA, Strimzi, Prometheus and the Gateway API, as far as their definitions can be had. */
export class Cluster {
  private readonly paths = new Map<string, string>();

  private constructor(private readonly kubernetes: Kubernetes) {}

  static async start(dataDir: string): Promise<Cluster> {
    const cluster = new Cluster(await startKubernetes({ dataDir }));
    try {
      for (const path of (await definitionFiles()).paths) await cluster.define(path);
      const enforce = { 'pod-security.kubernetes.io/enforce': 'restricted' };
      await cluster.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE, labels: enforce } });
    } catch (error) {
      await cluster.stop();
      throw error;
    }
    return cluster;
  }

  get kubeconfig(): string {
    return this.kubernetes.kubeconfig;
  }

  stop(): Promise<void> {
    return this.kubernetes.stop();
  }

  /** @throws Error with the server's words */
  async create(object: ChartObject): Promise<void> {
    const refusal = await this.refusalOf(object, false);
    if (refusal !== null) throw new Error(refusal);
  }

  /** What the server says against creating an object, unknown fields included; null: nothing. As a dry run nothing is kept. */
  async refusalOf(object: ChartObject, dryRun = true): Promise<string | null> {
    const path = await this.pathOf(object);
    const query = `fieldValidation=Strict${dryRun ? '&dryRun=All' : ''}`;
    const { status, body } = await this.kubernetes.ask('POST', `${path}?${query}`, object);
    return status < 300 ? null : String((body as { readonly message?: string }).message ?? status);
  }

  /** All objects of a kind in the namespace. */
  async list(apiVersion: string, kind: string): Promise<readonly ChartObject[]> {
    const path = await this.pathOf({ apiVersion, kind, metadata: { name: '' } });
    const { body } = await this.kubernetes.ask('GET', path);
    // A list says once what its items are.
    const { items } = body as { readonly items: readonly ChartObject[] };
    return items.map((item) => ({ ...item, apiVersion, kind }));
  }

  private async define(path: string): Promise<void> {
    const definition = parse(readFileSync(path, 'utf8')) as ChartObject & {
      readonly spec: {
        readonly group: string;
        readonly names: { readonly plural: string };
        readonly versions: readonly { readonly name: string }[];
      };
    };
    await this.create(definition);
    const { group, names, versions } = definition.spec;
    const served = `/apis/${group}/${versions[0]?.name ?? ''}/${names.plural}`;
    await until(served, 30_000, async () => (await this.kubernetes.ask('GET', served)).status === 200);
  }

  /** Where objects of its kind are, as the server says itself. */
  private async pathOf({ apiVersion, kind, metadata }: ChartObject): Promise<string> {
    const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    let found = this.paths.get(`${apiVersion} ${kind}`);
    if (found === undefined) {
      const { body } = await this.kubernetes.ask('GET', root);
      const { resources = [] } = body as { readonly resources?: readonly Resource[] };
      const resource = resources.find((one) => one.kind === kind && !one.name.includes('/'));
      if (!resource) throw new Error(`the server knows no ${apiVersion} ${kind}`);
      found = `${resource.namespaced ? '{namespace}/' : ''}${resource.name}`;
      this.paths.set(`${apiVersion} ${kind}`, found);
    }
    return `${root}/${found.replace('{namespace}', `namespaces/${metadata.namespace ?? NAMESPACE}`)}`;
  }
}

interface Resource {
  readonly name: string;
  readonly kind: string;
  readonly namespaced: boolean;
}
