import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { parse } from 'yaml';
import { rulesOf, shippedRules } from '../operations/alerts/rules';
import { describedMetrics } from '../operations/metrics/metrics-page';

const PAGES = [
  'README.md',
  'CONTRIBUTING.md',
  'helm/tillstream/README.md',
  ...readdirSync('docs')
    .filter((file) => file.endsWith('.md'))
    .map((file) => `docs/${file}`),
];
const METRICS = describedMetrics().map(({ name }) => name);
const ALERTS = rulesOf(shippedRules()).map(({ alert }) => alert);
/** Keys of Secrets, which only look like settings. */
const OF_SECRETS = ['tls.crt', 'tls.key'];
const CHART = parse(readFileSync('helm/tillstream/values.yaml', 'utf8')) as Readonly<Record<string, unknown>>;

/** What is meant to be read: links in examples are of nobody. */
const proseOf = (page: string): string => readFileSync(page, 'utf8').replaceAll(/^```[^]*?^```/gm, '');
const codeOf = (page: string): string[] => [...proseOf(page).matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code);

describe.each(PAGES)('%s', (page) => {
  it('has links that lead to a file that there is, and to a heading in it', () => {
    const links = [...proseOf(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link);
    const dead = links.filter((link) => !/^[a-z]+:/.test(link) && !leadsSomewhere(page, link));
    expect(dead).toEqual([]);
  });

  it('names alerts that there are', () => {
    const named = [...readFileSync(page, 'utf8').matchAll(/\bTillstream[A-Z]\w+/g)].map(([name]) => name);
    expect(named.filter((name) => !ALERTS.includes(name))).toEqual([]);
  });

  it('names metrics that there are', () => {
    const named = codeOf(page).flatMap((code) => code.match(/\btillstream_[a-z0-9_]+/g) ?? []);
    expect(named.filter((name) => !isMetric(name))).toEqual([]);
  });

  it('names settings of the chart that there are', () => {
    const named = codeOf(page).flatMap((code) => /^([\w-]+(?:\.[\w-]+)+)(?:[:=].*)?$/.exec(code)?.[1] ?? []);
    const settings = named.filter((name) => (name.split('.')[0] ?? '') in CHART && !OF_SECRETS.includes(name));
    expect(settings.filter((name) => !isSetting(name.split('.')))).toEqual([]);
  });
});

/** A name, one of the series of a histogram, or what several names begin with. */
function isMetric(name: string): boolean {
  if (name.endsWith('_')) return METRICS.some((metric) => metric.startsWith(name));
  return METRICS.includes(name.replace(/_(bucket|sum|count)$/, ''));
}

function leadsSomewhere(page: string, link: string): boolean {
  const [path = '', heading] = link.split('#');
  const file = path === '' ? page : normalize(join(dirname(page), path));
  if (!existsSync(file)) return false;
  return heading === undefined || (statSync(file).isFile() && headingsOf(file).includes(heading));
}

/** As GitHub makes them of headings. */
function headingsOf(page: string): string[] {
  const headings = [...proseOf(page).matchAll(/^#+ +(.*)$/gm)].map(([, text = '']) => text);
  return headings.map((text) =>
    text
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

/** Below an empty map everything may stand that its users name. */
function isSetting(path: readonly string[]): boolean {
  let value: unknown = CHART;
  for (const key of path) {
    if (typeof value !== 'object' || value === null) return false;
    if (Object.keys(value).length === 0) return true;
    value = (value as Readonly<Record<string, unknown>>)[key];
  }
  return value !== undefined;
}
