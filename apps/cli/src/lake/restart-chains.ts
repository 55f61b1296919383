import type { Feed } from '@tillstream/contracts';
import type { LogReader } from '@tillstream/engine';
import type { OpenedLake } from './open-lake';

/**
 * Where a topic was made anew its offsets begin at 0 again, while the lake's position is one of the old topic: rows up to there
 * would be passed over. So its chain begins where the topic begins; rows that the lake has are known by their ids.
 */
export async function restartChains(
  feed: Feed,
  { lake, reader, topic, partitions }: { lake: OpenedLake; reader: LogReader; topic: string; partitions: number },
): Promise<void> {
  for (let partition = 0; partition < partitions; partition += 1) {
    const [begin, end] = [await reader.begin(topic, partition), await reader.end(topic, partition)];
    const appId = `${feed}/${partition}`;
    await lake.table(feed).commit((now) => {
      const stands = now?.positions.get(appId);
      if (stands === undefined || stands <= end) return null;
      return { add: [], remove: [], dataChange: false, restart: { appId, next: begin } };
    });
  }
}
