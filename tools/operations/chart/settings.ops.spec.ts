import { join } from 'node:path';
import { CHART, Helm } from './helm';
import { isMap, readValues, valueFiles, type Values } from './values';

jest.setTimeout(180_000);

const helm = Helm.find('what settings of the chart do');
const itIfThere = helm ? it : it.skip;
const DEFAULTS = readValues(join(CHART, 'values.yaml'));
const FILES = valueFiles().map(({ values }) => values);

type Path = readonly string[];

/** What a text may be instead, where not every text can be: by the last name of its path, or the last two. */
const OTHER_TEXTS: Readonly<Record<string, string>> = {
  pullPolicy: 'Always',
  mechanism: 'scram-sha-256',
  onChange: 'apply',
  create: 'none',
  form: 'variables',
  logLevel: 'debug',
  accessMode: 'ReadWriteOnce',
  interval: '33s',
  size: '77Gi',
  cpu: '77m',
  memory: '2177Mi',
  url: 'redis://other:6379',
  'lake.where': 's3://other/lake',
  endpoint: 'https://other:9000',
  otlpEndpoint: 'http://other:4318',
  zipkinEndpoint: 'http://other:9411',
  runbooks: 'https://other/',
  'test.stream': 'orders',
};

/** Taken away alone these are refused: brokers, a Redis or keys have to be named in their place. */
const IN_PLACE_OF_OTHERS = ['bundled.kafka.enabled', 'bundled.redis.enabled', 'keys.openToAll'];

describe('a setting of the chart', () => {
  afterAll(() => helm?.close());

  itIfThere('changes what is made, in one of the files that show features at least', async () => {
    const paths = pathsOf(DEFAULTS);
    expect(paths.length).toBeGreaterThan(150);
    const idle: string[] = [];
    for (const path of paths) if (!(await doesSomething(path))) idle.push(path.join('.'));
    expect(idle).toEqual(IN_PLACE_OF_OTHERS);
  });
});

/** A value that is refused is no sign that the setting does something. */
async function doesSomething(path: Path): Promise<boolean> {
  const byDefault = at(DEFAULTS, path);
  // First the files that say the most of what belongs to it: elsewhere its feature may be off.
  const files = [...FILES].sort((a, b) => knownOf(b, path) - knownOf(a, path));
  for (const values of files) {
    const now = await made(values);
    for (const other of [byDefault, anotherThan(byDefault, path), shortened(at(values, path))]) {
      const then = await made(replaced(values, path, other));
      if (then !== null && then !== now) return true;
    }
  }
  return false;
}

const known = new Map<string, Promise<string | null>>();

/** Objects and notes, as a text; null when the values are refused. */
function made(values: Values): Promise<string | null> {
  const key = JSON.stringify(values);
  const before = known.get(key);
  if (before) return before;
  const rendered = helm!.render(values).then((answer) => ('refusal' in answer ? null : JSON.stringify(answer)));
  known.set(key, rendered);
  return rendered;
}

function anotherThan(value: unknown, path: Path): unknown {
  if (typeof value === 'boolean') return !value;
  if (typeof value === 'number') return Number.isInteger(value) ? value + 1 : value / 2;
  if (Array.isArray(value)) return ['other:9092'];
  if (isMap(value)) return { OTHER: 'other' };
  return OTHER_TEXTS[path.slice(-2).join('.')] ?? OTHER_TEXTS[path.at(-1) ?? ''] ?? 'other';
}

function shortened(value: unknown): unknown {
  return Array.isArray(value) ? value.slice(0, -1) : value;
}

/** Of each setting that has no settings within. */
function pathsOf(values: Values, above: Path = []): Path[] {
  return Object.entries(values).flatMap(([key, value]) => {
    const path = [...above, key];
    return isMap(value) && Object.keys(value).length > 0 ? pathsOf(value, path) : [path];
  });
}

function at(values: unknown, path: Path): unknown {
  return path.reduce<unknown>((value, key) => (isMap(value) ? value[key] : undefined), values);
}

/** How much of a path the values say something of. */
function knownOf(values: Values, path: Path): number {
  return path.filter((_, index) => at(values, path.slice(0, index + 1)) !== undefined).length;
}

function replaced(values: Values, [key = '', ...within]: Path, value: unknown): Values {
  const before = values[key];
  return { ...values, [key]: within.length === 0 ? value : replaced(isMap(before) ? before : {}, within, value) };
}
