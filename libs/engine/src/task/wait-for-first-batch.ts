import type { PartitionSource } from '../ports/log';
import { firstBatch, readableBatch } from './readable-batch';
import type { TaskPorts } from './task-ports';

const MAX_WAIT_MS = 5_000;

/**
 * Resolves when a partition has a batch to begin with.
 *
 * @param onNone called once when there is none yet
 */
export async function waitForFirstBatch(
  { reader }: TaskPorts,
  source: PartitionSource,
  onNone: () => void = () => undefined,
): Promise<void> {
  const { topic, partition } = source;
  const begin = await reader.begin(topic, partition);
  const end = await reader.end(topic, partition);
  if (await firstBatch(reader, topic, partition, begin, end)) return;
  onNone();
  source.seek(end);
  for (let born = false; !born;) born = (await source.next(MAX_WAIT_MS))?.some(readableBatch) ?? false;
}
