import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as config from '@tillstream/config';
import { type ChartObject, podOf, type Variable } from './chart-objects';
import { Helm } from './helm';
import { valueFiles } from './values';

jest.setTimeout(60_000);

const ROOT = join(__dirname, '../../..');
const helm = Helm.find('variables of the chart');
const itIfThere = helm ? it : it.skip;

/** Where a service's variables are declared, beside those that all share. */
const CONFIGS: Readonly<Record<string, string>> = {
  enricher: 'libs/worker-runtime/src/worker-config.ts',
  aggregator: 'libs/worker-runtime/src/worker-config.ts',
  'session-tracker': 'libs/worker-runtime/src/worker-config.ts',
  'sink-writer': 'libs/worker-runtime/src/worker-config.ts',
  gateway: 'apps/gateway/src/config.ts',
  'query-api': 'apps/query-api/src/config.ts',
  connector: 'apps/connector/src/config.ts',
};
/** Read by others than our configuration: Node, OpenTelemetry, sinks under names of their own, and what another variable is made of. */
const OTHERS = /^(NODE_OPTIONS|OTEL_[A-Z_]+|TILLSTREAM_SINK_[A-Z_]+|POD_NAME|EXTRA_TOKEN)$/;
/** What the command line asks for by name. */
const OF_TILL = ['STREAM_FILES', 'TILLSTREAM_QUERY', 'TILLSTREAM_WRITE_KEY', 'TILLSTREAM_READ_KEY'];

/** Blocks of variables with their parsers. */
const BLOCKS = Object.entries(config)
  .filter(([name]) => name.endsWith('Variables'))
  .flatMap(([, block]) => (typeof block === 'object' ? [block as config.Variables] : []));

describe('variables that the chart gives to services', () => {
  const given: { readonly service: string; readonly variable: Variable; readonly where: string }[] = [];

  beforeAll(async () => {
    if (!helm) return;
    for (const { name, values } of valueFiles()) {
      for (const object of await helm.objects(values)) {
        const container = isOurs(object) ? podOf(object)?.containers[0] : undefined;
        for (const variable of container?.env ?? []) {
          given.push({
            service: container?.name ?? '',
            variable,
            where: `${name}: ${object.metadata.name} ${variable.name}`,
          });
        }
      }
    }
  });
  afterAll(() => helm?.close());

  itIfThere('are known to the service that gets them', () => {
    const shared = declaredBelow('libs/config/src');
    const known = new Map<string, readonly string[]>(
      Object.entries(CONFIGS).map(([service, file]) => [service, [...shared, ...declaredIn(join(ROOT, file))]]),
    );
    known.set('till', [...shared, ...OF_TILL]);
    const unknown = given.filter(
      ({ service, variable }) => !OTHERS.test(variable.name) && !known.get(service)?.includes(variable.name),
    );
    expect(unknown.map(({ where }) => where)).toEqual([]);
    expect(given.length).toBeGreaterThan(500);
  });

  itIfThere('have values that the service can read', () => {
    const parsers = new Map(BLOCKS.flatMap((block) => Object.entries(block)));
    const wrong = given.flatMap(({ variable: { name, value }, where }) => {
      const result = value === undefined ? undefined : parsers.get(name)?.safeParse(value);
      return result?.success === false
        ? [`${where} ${result.error.issues.map(({ message }) => message).join(', ')}`]
        : [];
    });
    expect(wrong).toEqual([]);
    expect([...parsers.keys()]).toEqual(expect.arrayContaining(['KAFKA_BROKERS', 'LOG_LEVEL', 'STREAM_FILES']));
  });

  itIfThere('are given once', () => {
    const names = given.map(({ where }) => where);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });
});

/** The bundled broker and Redis have variables of their own. */
function isOurs({ kind, metadata }: ChartObject): boolean {
  return kind !== 'StatefulSet' && !/-(kafka|redis)$/.test(metadata.name);
}

function declaredBelow(directory: string): string[] {
  const files = readdirSync(join(ROOT, directory)).filter((file) => /(?<!\.spec)\.ts$/.test(file));
  return files.flatMap((file) => declaredIn(join(ROOT, directory, file)));
}

/** Names of variables are written as keys, each at the beginning of its line or between braces. */
function declaredIn(path: string): string[] {
  if (!existsSync(path)) throw new Error(`${path} declares no variables any more: say where they are declared now`);
  return [...readFileSync(path, 'utf8').matchAll(/(?:^\s+|\{\s*)([A-Z][A-Z0-9_]+):/gm)].map(([, name = '']) => name);
}
