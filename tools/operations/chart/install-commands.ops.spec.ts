import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { containerOf } from './chart-objects';
import { Helm } from './helm';
import { merged, readValues, type Values } from './values';

const helm = Helm.find('commands that install the chart');
const eachIfThere = helm ? it.each : it.skip.each;
const ROOT = join(__dirname, '../../..');
const PAGES = [
  'helm/tillstream/README.md',
  ...readdirSync(join(ROOT, 'deploy/helm')).map((file) => `deploy/helm/${file}`),
];
/** What whoever uses deploy/helm/production.yaml is told to say there. */
const OWN: Values = {
  image: { repository: 'registry.example/tillstream' },
  kafka: { brokers: ['kafka-0.kafka:9093'] },
  lake: { where: 's3://lake/shop', existingSecret: 'lake-bucket' },
};

/** Whole commands of a page, in one line each, with the page that says them. */
const COMMANDS = PAGES.flatMap((page) => {
  const text = readFileSync(join(ROOT, page), 'utf8')
    .replace(/^#[ ]*/gm, '')
    .replace(/\\\n\s*/g, '');
  return [...text.matchAll(/^helm install .*$/gm)].map(([command]) => [page, command] as const);
});

describe('a command that installs the chart', () => {
  afterAll(() => helm?.close());

  it('stands on each of the pages that tell how', () => {
    expect(new Set(COMMANDS.map(([page]) => page))).toEqual(new Set(PAGES));
  });

  eachIfThere(COMMANDS)('does it as %s says, and `helm test` can see a number change: %s', async (_page, command) => {
    const objects = await helm!.objects(valuesOf(command));
    const { container, variables } = containerOf(objects, 'shop-test', 'Pod');
    expect(container.args?.[0]).toBe('probe');
    const open = containerOf(objects, 'shop-gateway').variables.get('TILLSTREAM_WRITE_KEYS')?.value === 'none';
    expect(open || variables.has('TILLSTREAM_WRITE_KEY')).toBe(true);
    // Nobody has pushed images to the registry that is asked when none is named.
    const local = command.includes('local.yaml');
    expect(container.image.startsWith('tillstream/')).toBe(local);
  });
});

/** What the options of a command make of values, as Helm does it. */
function valuesOf(command: string): Values {
  const words = [...command.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
  return words.reduce<Values>((values, word, index) => {
    const option = words[index - 1];
    if (option === '-f') return merged(values, word === 'own.yaml' ? OWN : readValues(join(ROOT, word)));
    const [, path = '', value = ''] = /^(.*?)=(.*)$/.exec(word) ?? [];
    if (option === '--set') return merged(values, nested(path, parse(value.replace(/^\{(.*)\}$/, '[$1]')) as unknown));
    if (option === '--set-file') return merged(values, nested(path, readFileSync(join(ROOT, value), 'utf8')));
    return values;
  }, {});
}

function nested(path: string, value: unknown): Values {
  const keys = path.split(/(?<!\\)\./).map((key) => key.replaceAll('\\.', '.'));
  return keys.reduceRight<unknown>((inner, key) => ({ [key]: inner }), value) as Values;
}
