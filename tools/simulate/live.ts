import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { StreamDefinition } from '@tillstream/contracts';
import { formatProblems, parseStreamFile } from '@tillstream/contracts';
import { plainCommerce } from '../oracle/commerce-definition';
import type { SimulationReport } from './run';
import { simulate } from './run';
import type { Sabotage } from './world';

const FILE = 'deploy/streams/commerce.yaml';
/** Lives take turns with these partition counts. */
const PARTITION_COUNTS = [1, 2, 3, 4];
const definitions = new Map<number, StreamDefinition>();

/** The life that a seed stands for: the shipped shop stream, on one to four partitions. */
export function live(seed: number, sabotage: Sabotage = {}): Promise<SimulationReport> {
  const partitions = PARTITION_COUNTS[seed % PARTITION_COUNTS.length] ?? 1;
  return simulate(seed, commerceWith(partitions), { ...plainCommerce, partitions }, sabotage);
}

/** The shipped shop stream, on so many partitions. */
export function commerceWith(partitions: number): StreamDefinition {
  const known = definitions.get(partitions);
  if (known) return known;
  const text = readFileSync(join(process.cwd(), FILE), 'utf8').replace(
    /^partitions: \d+/m,
    `partitions: ${partitions}`,
  );
  const parsed = parseStreamFile(text, { file: FILE });
  if (!parsed.ok) throw new Error(formatProblems(FILE, parsed.problems));
  definitions.set(partitions, parsed.definition);
  return parsed.definition;
}
