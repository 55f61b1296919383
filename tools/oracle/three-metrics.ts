import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const FILE = 'deploy/streams/commerce.yaml';
const THREE: readonly string[] = ['revenue_by_category', 'high_value_users', 'conversion_funnel'];

/** The stream file of commerce, as shipped; read from the root of the project, where tools and tests run. */
export function commerceText(): string {
  return readFileSync(join(process.cwd(), FILE), 'utf8');
}

/**
 * The shipped stream file with three of its metrics: those that `plainCommerce` has, that the plain program beside our own
 * figures computes, and that all figures are measured with, however many metrics ship.
 */
export function withThreeMetrics(text: string): string {
  const lines = text.split('\n');
  const begin = lines.indexOf('metrics:') + 1;
  const behind = lines.findIndex((line, index) => index >= begin && /^[a-z]/i.test(line));
  const end = behind < 0 ? lines.length : behind;
  const found: string[] = [];
  let isKept = true;
  const kept = lines.slice(begin, end).filter((line) => {
    const [, metric] = /^ {2}(\w+):/.exec(line) ?? [];
    if (metric !== undefined) {
      isKept = THREE.includes(metric);
      if (isKept) found.push(metric);
    }
    return isKept;
  });
  const missing = THREE.filter((metric) => !found.includes(metric));
  if (missing.length > 0) throw new Error(`${FILE} has no metric ${missing.join(', ')}`);
  return [...lines.slice(0, begin), ...kept, ...lines.slice(end)].join('\n');
}
