import { type ChartObject, podOf } from './chart-objects';
import { definitionFiles, Definitions } from './definitions';
import { Helm } from './helm';
import { forbidden } from './restricted';
import { valueFiles } from './values';

jest.setTimeout(120_000);

/** The oldest that the chart is for, and the newest whose definitions there are. */
const KUBERNETES = ['1.30', '1.37'];

const helm = Helm.find('the chart');
const itIfThere = helm ? it : it.skip;

describe('the chart', () => {
  const files = valueFiles();
  let definitions: Definitions;
  let complete: boolean;
  /** Each object of all values files once, with the file that it was seen in first. */
  const seen = new Map<string, { readonly object: ChartObject; readonly where: string }>();

  beforeAll(async () => {
    const found = await definitionFiles();
    definitions = new Definitions(found.paths);
    complete = found.complete;
    if (!helm) return;
    for (const { name, values } of files) {
      for (const object of await helm.objects(values)) {
        const key = JSON.stringify({ ...object, metadata: object.metadata.name });
        if (!seen.has(key)) seen.set(key, { object, where: `${name}: ${object.kind} ${object.metadata.name}` });
      }
    }
  });
  afterAll(() => helm?.close());

  itIfThere('has nothing to complain about for lint, whatever feature is used', async () => {
    for (const { name, values } of files) expect([name, await helm!.lint(values)]).toEqual([name, []]);
  });

  itIfThere(
    'makes objects that the definitions of Kubernetes, KEDA, Strimzi, Prometheus and the Gateway API allow',
    async () => {
      const wrong: string[] = [];
      const unknown = new Set<string>();
      for (const { object, where } of seen.values()) {
        const others = definitions.problemsOf(object);
        for (const version of others ? [] : KUBERNETES) {
          const { known, problems } = await helm!.validate(object, version);
          if (!known) unknown.add(`${object.apiVersion} ${object.kind}`);
          wrong.push(...problems.map((problem) => `${where}: ${problem} (Kubernetes ${version})`));
        }
        wrong.push(...(others ?? []).map((problem) => `${where}: ${problem}`));
      }
      expect(wrong).toEqual([]);
      if (complete) expect([...unknown]).toEqual([]);
      expect(seen.size).toBeGreaterThan(100);
    },
  );

  itIfThere('makes pods that the restricted Pod Security standard admits, on a read-only root', () => {
    const pods = [...seen.values()].flatMap(({ object, where }) => {
      const pod = podOf(object);
      return pod ? [{ pod, where }] : [];
    });
    expect(pods.length).toBeGreaterThan(20);
    expect(pods.flatMap(({ pod, where }) => forbidden(pod).map((problem) => `${where} ${problem}`))).toEqual([]);
    for (const { pod, where } of pods) {
      expect([where, pod.automountServiceAccountToken]).toEqual([where, false]);
      // The image of the bundled broker writes its configuration beside its programs.
      const writable = pod.containers.filter(({ securityContext }) => !securityContext?.readOnlyRootFilesystem);
      expect(writable.filter(({ name }) => name !== 'kafka')).toEqual([]);
      expect(pod.containers.every(({ resources }) => resources?.requests && resources.limits)).toBe(true);
    }
  });

  itIfThere(
    'leaves its numbers the label that says of which service they are, by which alerts and dashboards go',
    () => {
      type Endpoints = Readonly<Record<string, readonly { readonly honorLabels?: boolean }[]>>;
      const monitors = [...seen.values()].filter(({ object }) => /^(Pod|Service)Monitor$/.test(object.kind));
      expect(new Set(monitors.map(({ object }) => object.kind)).size).toBe(2);
      for (const { object, where } of monitors) {
        const { endpoints, podMetricsEndpoints } = object.spec as Endpoints;
        const all = [...(endpoints ?? []), ...(podMetricsEndpoints ?? [])];
        expect([where, all.map(({ honorLabels }) => honorLabels)]).toEqual([where, [true]]);
      }
    },
  );

  itIfThere('gives no two objects of a release the same name, and none a name that is too long', async () => {
    for (const { name, values } of files) {
      const longest = 'a'.repeat(53);
      const objects = await helm!.objects(values, { name: longest });
      const names = objects.map(({ kind, metadata }) => `${kind} ${metadata.namespace ?? ''} ${metadata.name}`);
      expect([name, names.length]).toEqual([name, new Set(names).size]);
      const tooLong = objects.filter(({ kind, metadata }) => metadata.name.length > (kind === 'KafkaTopic' ? 253 : 63));
      expect([name, tooLong.map(({ metadata }) => metadata.name)]).toEqual([name, []]);
    }
  });
});
