import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const FILE = 'deploy/streams/commerce.yaml';
const THREE: readonly string[] = ['revenue_by_category', 'high_value_users', 'conversion_funnel'];
const DERIVED: readonly string[] = ['sessions', 'attribution'];

/** The stream file of commerce, as shipped; read from the root of the project, where tools and tests run. */
export function commerceText(): string {
  return readFileSync(join(process.cwd(), FILE), 'utf8');
}

/**
 * The shipped stream file with three of its metrics: those that `plainCommerce` has, that the plain program beside our own
 * figures computes, and that all figures are measured with, however many metrics ship. Nothing is derived from its events.
 */
export function withThreeMetrics(text: string): string {
  const lines = withoutDerived(text);
  const begin = lines.indexOf('metrics:') + 1;
  const end = endOfSection(lines, begin);
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

/** The shipped stream file with other metrics, over its events. */
export function withMetrics(text: string, metrics: string): string {
  const lines = withoutDerived(text);
  return [...lines.slice(0, lines.indexOf('metrics:')), metrics].join('\n');
}

/** Lines of a stream file without the sections that something is derived by. */
function withoutDerived(text: string): readonly string[] {
  const lines = text.split('\n');
  return lines.filter((_, at) => !DERIVED.includes(sectionOf(lines, at)));
}

/** The key of the section that a line is in; '' for a comment or an empty line in front of one. */
function sectionOf(lines: readonly string[], at: number): string {
  let begin = at;
  while (begin > 0 && /^\s+\S/.test(lines[begin] ?? '')) begin--;
  return /^(\w+):/.exec(lines[begin] ?? '')?.[1] ?? '';
}

/** Where the next section begins, or the text ends. */
function endOfSection(lines: readonly string[], from: number): number {
  const end = lines.findIndex((line, index) => index >= from && /^[a-z]/i.test(line));
  return end < 0 ? lines.length : end;
}
