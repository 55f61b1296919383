import { decodePartsRecord, type Frontier, type StreamDefinition } from '@tillstream/contracts';
import type { MetricDefinition } from '@tillstream/core';
import { type LogReader, type LogRecord, newestFirst } from '@tillstream/engine';
import type { WrittenChanges } from './put-live';

export interface AwaitOptions {
  readonly reader: LogReader;
  readonly file: StreamDefinition;
  /** End of the first partition of `parts` before the file was put live. */
  readonly from: number;
  readonly written: WrittenChanges;
  /** @param waiting partitions that work under another file yet; called now and then. @throws to give up */
  readonly onProgress: (waiting: readonly number[]) => void;
}

/** How long a read waits for news. */
const MAX_WAIT_MS = 500;

/**
 * Waits until the aggregators of all partitions work under a stream file: each says so in the frontier that it tells every merge,
 * so one partition of `parts` has them all.
 *
 * @returns by partition of raw, a frontier that says it
 */
export async function awaitTakenUp(options: AwaitOptions): Promise<readonly Frontier[]> {
  const { reader, file, from, written, onProgress } = options;
  const { parts } = file.topics;
  const all = Array.from({ length: file.schema.partitions }, (_, partition) => partition);
  const found = new Map<number, Frontier>();
  const missing = (): number[] => all.filter((partition) => !found.has(partition));
  const take = (record: LogRecord): void => {
    const said = decodePartsRecord(record);
    if (said.kind !== 'frontier' || said.frontier.definition !== file.sha256) return;
    if (said.frontier.rawNext > (written.get(said.source) ?? -1)) found.set(said.source, said.frontier);
  };
  // Who was under it before says so again only when events come.
  for await (const record of newestFirst(reader, parts, 0)) {
    if (missing().every((partition) => written.has(partition))) break;
    take(record);
  }
  for (let next = from; missing().length > 0; onProgress(missing())) {
    const records = await reader.read(parts, 0, next, MAX_WAIT_MS);
    records.forEach(take);
    next = (records.at(-1)?.offset ?? next - 1) + 1;
  }
  return [...found.values()];
}

/** Windows of a metric that begin at or after this are complete; −∞ when all are. */
export function completeFromMs({ identity }: MetricDefinition, frontiers: readonly Frontier[]): number {
  return Math.max(-Infinity, ...frontiers.map(({ spans }) => spans?.get(identity)?.fromMs ?? -Infinity));
}
