import { decodePartsRecord, type StreamDefinition } from '@tillstream/contracts';
import type { Frontier } from '@tillstream/contracts';
import type { MetricDefinition } from '@tillstream/core';
import type { LogReader } from '@tillstream/engine';

export interface AwaitOptions {
  readonly reader: LogReader;
  readonly file: StreamDefinition;
  /** End of the first partition of `parts` before the file was put live. */
  readonly from: number;
  /** @param waiting partitions that work under another file yet; called now and then. @throws to give up */
  readonly onProgress: (waiting: readonly number[]) => void;
}

/** How long a read waits for news. */
const MAX_WAIT_MS = 500;

/**
 * Waits until the aggregators of all partitions work under a stream file: each says so in the frontier that it tells the merge.
 *
 * @returns by partition of raw, the frontier that said it first
 */
export async function awaitTakenUp({ reader, file, from, onProgress }: AwaitOptions): Promise<readonly Frontier[]> {
  const found = new Map<number, Frontier>();
  const all = Array.from({ length: file.schema.partitions }, (_, partition) => partition);
  for (let next = from; found.size < all.length;) {
    const records = await reader.read(file.topics.parts, 0, next, MAX_WAIT_MS);
    for (const record of records) {
      const part = decodePartsRecord(record);
      if (part.kind !== 'frontier' || found.has(part.source)) continue;
      if (part.frontier.definition === file.sha256) found.set(part.source, part.frontier);
    }
    next = (records.at(-1)?.offset ?? next - 1) + 1;
    onProgress(all.filter((partition) => !found.has(partition)));
  }
  return all.flatMap((partition) => found.get(partition) ?? []);
}

/** Windows of a metric that begin at or after this are complete; −∞ when all are. */
export function completeFromMs({ identity }: MetricDefinition, frontiers: readonly Frontier[]): number {
  return Math.max(-Infinity, ...frontiers.map(({ spans }) => spans?.get(identity)?.fromMs ?? -Infinity));
}
