import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { createServiceMetrics } from '@tillstream/adapter-telemetry';
import type { MetricObjectWithValues, MetricValue } from 'prom-client';
import { Registry } from 'prom-client';
import { createQueryMetrics } from '../../../apps/query-api/src/metrics/query-metrics';
import { describedMetrics } from './metrics-page';

/** Everything that any service may expose. */
function everything(): Registry {
  const registry = new Registry();
  const metrics = createServiceMetrics(registry, 'any');
  metrics.tasks();
  metrics.ingest(() => 0);
  metrics.connector(() => 0);
  metrics.watchReadiness(async () => true);
  const dependencies = metrics.dependencies();
  dependencies.watchKafka(async () => undefined, []);
  dependencies.watchRedis(async () => undefined);
  createQueryMetrics(registry, [], []);
  return registry;
}

type Exposed = MetricObjectWithValues<MetricValue<string>>;

async function exposedByName(): Promise<ReadonlyMap<string, Exposed>> {
  const exposed = await everything().getMetricsAsJSON();
  return new Map(exposed.map((metric) => [metric.name, metric]));
}

const isOurs = (name: string): boolean => name.startsWith('tillstream_');

describe('docs/metrics.md', () => {
  it('describes every metric of the services, and no other', async () => {
    const exposed = [...(await exposedByName()).keys()].filter(isOurs).sort();
    const described = describedMetrics()
      .map(({ name }) => name)
      .filter(isOurs)
      .sort();
    expect(described).toEqual(exposed);
    expect(exposed.length).toBeGreaterThan(60);
  });

  it('says of each what type it is', async () => {
    const exposed = await exposedByName();
    // prom-client tells the type of a metric as text there.
    const types = describedMetrics().map(({ name }) => [name, String(exposed.get(name)?.type)]);
    expect(types).toEqual(describedMetrics().map(({ name, type }) => [name, type]));
  });

  it('fails on a row that says nothing, and on two rows of one metric', () => {
    const row = '| `tillstream_x` | gauge | a, b | all | Something |';
    expect(describedMetrics(row)).toEqual([{ name: 'tillstream_x', type: 'gauge', labels: ['a', 'b'], services: [] }]);
    expect(() => describedMetrics('| `tillstream_x` | gauge | | all |  |')).toThrow('does not say what tillstream_x');
    expect(() => describedMetrics(`${row}\n${row}`)).toThrow('more than once: tillstream_x');
  });
});

describe('alert rules and dashboards', () => {
  const files = ['deploy/prometheus', 'deploy/grafana'].flatMap((directory) =>
    existsSync(directory) ? readdirSync(directory).map((file) => `${directory}/${file}`) : [],
  );

  it.each(files.filter((file) => /alerts\.yaml$|\.json$/.test(file)))('look only at what is described: %s', (file) => {
    const described = new Set(describedMetrics().map(({ name }) => name));
    const named = new Set(readFileSync(file, 'utf8').match(/\btillstream_[a-z0-9_]+/g) ?? []);
    const unknown = [...named].filter(
      (name) => !described.has(name) && !described.has(name.replace(/_(bucket|sum|count)$/, '')),
    );
    expect(unknown).toEqual([]);
    expect(named.size).toBeGreaterThan(0);
  });
});
