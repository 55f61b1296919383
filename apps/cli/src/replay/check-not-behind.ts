import type { StreamDefinition } from '@tillstream/contracts';
import { judgesOf, type LogReader } from '@tillstream/engine';
import { CliError } from '../cli-context';
import { metricThatMisses } from './late-rows';
import { readProgress } from './raw-partitions';

/**
 * Refuses a replay whose events would come too late: the stream has come further, and windows are closed.
 *
 * @param timeMs oldest event time of the replay
 * @throws CliError with the remedy
 */
export async function checkNotBehind(
  reader: LogReader,
  definition: StreamDefinition,
  timeMs: number,
  note: (text: string) => void,
): Promise<void> {
  const progress = await readProgress(reader, definition);
  const newestMs = Math.max(...progress.map(({ watermarkInputMs }) => watermarkInputMs));
  const misses = metricThatMisses(judgesOf(definition), timeMs, newestMs);
  if (misses !== null) {
    throw new CliError(
      `the events begin at ${new Date(timeMs).toISOString()}, but stream ${definition.schema.stream} has come to ` +
        `${new Date(newestMs).toISOString()}: windows of ${misses.name} that would hold them are closed`,
      'Begin now with --shift-to-now --speed 1x, or use an empty data directory; --allow-late sends them to be counted as late.',
    );
  }
  const behind = progress.reduce((sum, partition) => sum + partition.behind, 0);
  if (behind > 0)
    note(`the enricher has ${behind} records to go, so how far the stream has come is not known for sure`);
}
