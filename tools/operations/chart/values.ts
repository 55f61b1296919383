import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parse } from 'yaml';

export interface Values {
  readonly [key: string]: unknown;
}

const ROOT = join(__dirname, '../../..');
const CI = join(ROOT, 'helm/tillstream/ci');

/** What every installation has to say, without anything beyond. */
export const COMMON = readValues(join(CI, 'common.yaml'));

/** Values by what they show: one file for each feature of the chart, and those that are ready for use, with what they leave open. */
export function valueFiles(): readonly { readonly name: string; readonly values: Values }[] {
  const features = readdirSync(CI)
    .filter((file) => file !== 'common.yaml')
    .map((file) => ({ name: `ci/${file}`, values: merged(COMMON, readValues(join(CI, file))) }));
  return [{ name: 'ci/common.yaml', values: COMMON }, ...features, ...readyFiles()];
}

/** Those of `deploy/helm`, with what whoever uses them adds. */
function readyFiles(): { readonly name: string; readonly values: Values }[] {
  const shop = readFileSync(join(ROOT, 'deploy/streams/commerce.yaml'), 'utf8');
  const own: Readonly<Record<string, Values>> = {
    local: {},
    small: {
      kafka: { brokers: ['kafka:9092'] },
      redis: { existingSecret: 'redis' },
      keys: { existingSecret: 'tillstream-keys' },
      lake: { where: 's3://lake/shop', existingSecret: 'lake-bucket' },
    },
    production: { kafka: { brokers: ['kafka:9093'] } },
  };
  return readdirSync(join(ROOT, 'deploy/helm')).map((file) => {
    const given = own[basename(file, '.yaml')];
    if (!given) throw new Error(`deploy/helm/${file}: say in ${__filename} what its user adds`);
    const values = merged(
      { streams: { files: { 'commerce.yaml': shop } } },
      readValues(join(ROOT, 'deploy/helm', file)),
    );
    return { name: `deploy/helm/${file}`, values: merged(values, given) };
  });
}

export function readValues(path: string): Values {
  return parse(readFileSync(path, 'utf8')) as Values;
}

/** As Helm does it: maps are put together, everything else is replaced. */
export function merged(values: Values, more: Values): Values {
  const result: Record<string, unknown> = { ...values };
  for (const [key, value] of Object.entries(more)) {
    const before = result[key];
    result[key] = isMap(before) && isMap(value) ? merged(before, value) : value;
  }
  return result;
}

export function isMap(value: unknown): value is Values {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
