import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A metric as docs/metrics.md describes it. */
export interface DescribedMetric {
  readonly name: string;
  readonly type: string;
  readonly labels: readonly string[];
  /** Empty: all services. */
  readonly services: readonly string[];
}

const ROW = /^\| `([a-z0-9_]+)` +\| (\w+) +\|([^|]*)\|([^|]*)\| *(.*) \|$/;

/** The rows of the page's tables. @throws when a row names no meaning, or two rows one metric */
export function describedMetrics(
  text = readFileSync(join(process.cwd(), 'docs/metrics.md'), 'utf8'),
): DescribedMetric[] {
  const found = text.split('\n').flatMap((line): DescribedMetric[] => {
    const [, name, type, labels, services, meaning] = ROW.exec(line) ?? [];
    if (name === undefined || type === undefined) return [];
    if (!meaning) throw new Error(`docs/metrics.md does not say what ${name} tells`);
    return [{ name, type, labels: wordsOf(labels), services: wordsOf(services).filter((word) => word !== 'all') }];
  });
  const names = found.map(({ name }) => name);
  const twice = names.filter((name, index) => names.indexOf(name) !== index);
  if (twice.length > 0) throw new Error(`docs/metrics.md describes more than once: ${twice.join(', ')}`);
  return found;
}

function wordsOf(cell = ''): string[] {
  return cell
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');
}
