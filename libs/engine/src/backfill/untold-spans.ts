import type { Frontier, StreamDefinition } from '@tillstream/contracts';
import { decodePartsRecord } from '@tillstream/contracts';
import type { MetricDefinition } from '@tillstream/core';
import { ALWAYS } from '@tillstream/core';
import { readDefinitions } from '../definitions/definition-history';
import type { LogReader } from '../ports/log';
import { newestFirst } from '../task/log-tail';

/** Every source sends its frontier to all partitions of `parts`. */
const ANY_PARTITION = 0;

/** Which windows of a metric services do not tell: those that begin before `untilMs`. */
export interface UntoldWindows {
  /** By partition of `metrics`. -Infinity: it tells all. */
  readonly untilMs: readonly number[];
  /** By partition of the stream: from where on it has the metric whole. */
  readonly wholeFromMs: readonly number[];
  /** Partitions that have not come to the stream file that declares the metric: what they will tell is not known yet. */
  readonly behind: readonly number[];
}

/** What the newest frontiers say of a metric. A merged window is told by nobody when one source has not all of it. */
export async function untoldWindows(
  reader: LogReader,
  definition: StreamDefinition,
  { identity, local }: MetricDefinition,
): Promise<UntoldWindows> {
  const history = await readDefinitions(reader, definition);
  const frontiers = await newestFrontiers(reader, definition);
  const behind: number[] = [];
  const wholeFromMs = Array.from({ length: definition.schema.partitions }, (_, source) => {
    const frontier = frontiers.get(source);
    const declared = frontier && history.find(frontier.definition ?? '')?.metrics;
    if (!declared?.some((metric) => metric.identity === identity)) behind.push(source);
    return (frontier?.spans?.get(identity) ?? ALWAYS).fromMs;
  });
  const latest = Math.max(...wholeFromMs);
  return { wholeFromMs, behind, untilMs: local ? wholeFromMs : wholeFromMs.map(() => latest) };
}

async function newestFrontiers(
  reader: LogReader,
  { topics, schema }: StreamDefinition,
): Promise<ReadonlyMap<number, Frontier>> {
  const found = new Map<number, Frontier>();
  for await (const record of newestFirst(reader, topics.parts, ANY_PARTITION)) {
    const decoded = decodePartsRecord(record);
    if (decoded.kind !== 'frontier') continue;
    const known = found.get(decoded.source);
    // A zombie's frontier may stand behind a newer one.
    if (!known || decoded.frontier.rawNext > known.rawNext) found.set(decoded.source, decoded.frontier);
    if (found.size === schema.partitions) break;
  }
  return found;
}
