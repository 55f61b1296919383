import type { FeedPortion, SinkPartition } from '@tillstream/engine';
import { eventLog, finalLog, sinkStream, type FeedLog } from '@tillstream/engine/testing';
import { LakeUnderTest } from '../testing/lake-under-test';

const definition = sinkStream();
let lake: LakeUnderTest;

beforeEach(async () => {
  lake = await LakeUnderTest.create(definition);
});
afterEach(() => lake.close());

const keep = (): Promise<void> => Promise.reject(new Error('nothing is refused'));

async function write(partition: SinkPartition, portion: FeedPortion): Promise<void> {
  await partition.add(portion);
  await partition.flush(keep);
}

async function idsOf(feed: 'events' | 'finals'): Promise<unknown[]> {
  const id =
    feed === 'events'
      ? "'events|' || concat_ws('|', _partition, _offset, _index)"
      : "metric || '@' || definition || '|' || id";
  return (await lake.query(feed, `SELECT ${id} AS id FROM ${feed} ORDER BY 1`)).map((row) => row['id']);
}

describe('a lake that is tended', () => {
  it.each([
    ['events', eventLog(definition, 0, 60)],
    ['finals', finalLog(definition, 0, 60)],
  ] as const)(
    'holds all %s once, in few files, and takes what comes next',
    async (feed: 'events' | 'finals', log: FeedLog) => {
      const sink = lake.connect();
      await sink.prepare();
      const partition = await sink.open(feed, 0, log.tables);
      for (let from = 0; from < 50; from += 2) await write(partition, log.portion(from, from + 2));
      const before = (await lake.snapshot(feed))?.files.size ?? 0;
      expect(await sink.tend?.()).toBeGreaterThan(0);
      const after = (await lake.snapshot(feed))?.files.size ?? 0;
      expect(after).toBeLessThan(before / 3);
      expect(await idsOf(feed)).toEqual(log.ids(50));
      await write(partition, log.portion(50, 60));
      expect(await idsOf(feed)).toEqual(log.ids(60));
      await sink.close();
    },
  );
});
