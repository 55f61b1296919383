import type { Feed } from '@tillstream/contracts';
import { SinkOvertakenError, SinkRefusedError, SinkUnavailableError, type SinkPartition } from '@tillstream/engine';
import {
  aSinkEnvironment,
  eventLog,
  finalLog,
  SeededRandom,
  sinkStream,
  type FeedLog,
} from '@tillstream/engine/testing';
import fc from 'fast-check';

import type { ObjectContent, ObjectStore } from '../store/object-store';
import { openObjectStore } from '../store/open-object-store';
import { NO_ACCESS } from '../store/store-access';
import { FaultyObjectStore, StoreFault, type StoreFate } from '../testing/faulty-object-store';
import { LakeUnderTest } from '../testing/lake-under-test';
import type { LakeSettings } from './lake-settings';
import { LakeSink } from './lake-sink';
import { duckdbError } from './write-parquet';

const definition = sinkStream();
const SETTINGS: LakeSettings = {
  ...{ roll: { every: 60_000, rows: 1_000, bytes: 1_000_000 }, memory: 128 * 1024 ** 2, threads: 1 },
  ...{ retention: null, partitionField: null },
};
const fail = () => Promise.reject(new Error('the lake refuses nothing'));

/** A sink over the lake's directory, through a store that something is wrong with. */
function sinkOver(lake: LakeUnderTest, wrap: (store: ObjectStore) => ObjectStore): LakeSink {
  return new LakeSink(definition, SETTINGS, wrap(openObjectStore(lake.directory, NO_ACCESS)), aSinkEnvironment());
}

async function onLake(test: (lake: LakeUnderTest) => Promise<void>): Promise<void> {
  const lake = await LakeUnderTest.create(definition);
  try {
    await test(lake);
  } finally {
    await lake.close();
  }
}

async function ids(lake: LakeUnderTest, feed: Feed): Promise<string[]> {
  const sql =
    feed === 'events'
      ? `SELECT 'events|' || concat_ws('|', _partition, _offset, _index) AS id FROM events`
      : `SELECT metric || '@' || definition || '|' || id AS id FROM finals`;
  return (await lake.query(feed, sql)).map(({ id }) => id as string).sort();
}

/** The calls of a store that puts everything but what it is told to spoil. */
class SpoiltStore extends FaultyObjectStore {
  constructor(
    store: ObjectStore,
    private readonly spoil: (path: string) => Promise<StoreFate>,
  ) {
    super(store, async () => 'done');
  }

  override async putIfAbsent(path: string, content: ObjectContent): Promise<boolean> {
    const fate = await this.spoil(path);
    if (fate === 'failed') throw new SinkUnavailableError('the store does not answer');
    const done = await super.putIfAbsent(path, content);
    if (fate === 'lost') throw new SinkUnavailableError('the answer was lost');
    return done;
  }
}

async function filesOf(lake: LakeUnderTest): Promise<string[]> {
  const paths: string[] = [];
  for await (const { path } of openObjectStore(lake.directory, NO_ACCESS).list('')) paths.push(path);
  return paths.filter((path) => path.endsWith('.parquet'));
}

describe('the lake when its store fails', () => {
  it('commits once when the answer to a commit was lost, and goes on behind it', () =>
    onLake(async (lake) => {
      const log = eventLog(definition, 0, 40);
      let lost = 0;
      const sink = sinkOver(lake, (store) => {
        return new SpoiltStore(store, async (path) => (path.includes('_delta_log') && lost++ === 0 ? 'lost' : 'done'));
      });
      const partition = await sink.open('events', 0, log.tables);
      await partition.add(log.portion(0, 20));
      await expect(partition.flush(fail)).rejects.toThrow(SinkUnavailableError);
      await partition.add(log.portion(20, 40));
      await partition.flush(fail);
      expect(await ids(lake, 'events')).toEqual(log.ids(40));
      expect(partition.next).toBe(40);
      await sink.close();
    }));

  it('leaves no file behind of what it could not put, however often it tries', () =>
    onLake(async (lake) => {
      const log = eventLog(definition, 0, 40); // goes on beyond midnight: a file for each of two days
      let puts = 0;
      const sink = sinkOver(lake, (store) => {
        return new SpoiltStore(store, async (path) =>
          path.endsWith('.parquet') && ++puts % 2 === 0 && puts < 6 ? 'failed' : 'done',
        );
      });
      const partition = await sink.open('events', 0, log.tables);
      await partition.add(log.portion(0, 40));
      await expect(partition.flush(fail)).rejects.toThrow(SinkUnavailableError);
      expect(await filesOf(lake)).toEqual([]);
      await expect(partition.flush(fail)).rejects.toThrow(SinkUnavailableError);
      expect(await filesOf(lake)).toEqual([]);
      expect(partition.pending.rows).toBe(log.ids(40).length);
      puts = 10;
      await partition.flush(fail).catch(() => partition.flush(fail));
      expect(await ids(lake, 'events')).toEqual(log.ids(40));
      await sink.close();
    }));

  it('leaves no file behind of who was overtaken', () =>
    onLake(async (lake) => {
      const log = eventLog(definition, 0, 30);
      let beforeCommit: () => Promise<void> = async () => undefined;
      const zombie = sinkOver(lake, (store) => {
        return new SpoiltStore(store, async (path) => {
          if (path.includes('_delta_log')) await beforeCommit();
          return 'done';
        });
      });
      const late = await zombie.open('events', 0, log.tables);
      await late.add(log.portion(0, 12));
      const other = lake.connect();
      beforeCommit = async () => {
        beforeCommit = async () => undefined;
        const partition = await other.open('events', 0, log.tables);
        await partition.add(log.portion(0, 30));
        await partition.flush(fail);
      };
      await expect(late.flush(fail)).rejects.toThrow(SinkOvertakenError);
      await expect(late.add(log.portion(12, 13))).rejects.toThrow(SinkOvertakenError);
      expect((await filesOf(lake)).every((path) => path.includes('p0-0-30-'))).toBe(true);
      expect(await ids(lake, 'events')).toEqual(log.ids(30));
      await Promise.all([zombie.close(), other.close()]);
    }));

  it.each([
    ['events', eventLog],
    ['finals', finalLog],
  ] as const)('has every row of %s once, whatever fails, is lost, dies or was away', (feed, logOf) =>
    fc.assert(
      fc.asyncProperty(fc.integer(), (seed) =>
        onLake(async (lake) => {
          const random = new SeededRandom(seed);
          const logs = [logOf(definition, 0, 30), logOf(definition, 1, 30)];
          const fate = async (): Promise<StoreFate> => {
            const roll = random.below(30);
            return roll === 0 ? 'failed' : roll === 1 ? 'lost' : 'done';
          };
          const lives = [0, 1, 2].flatMap((life) =>
            logs.map(async (log) => {
              const sink = sinkOver(
                lake,
                (store) => new FaultyObjectStore(store, life === 2 ? async () => 'done' : fate),
              );
              await live(sink, log, random).catch((cause: unknown) => {
                if (!(cause instanceof StoreFault) && !(cause instanceof SinkOvertakenError)) throw cause;
              });
              await sink.close().catch(() => undefined);
            }),
          );
          await Promise.all(lives);
          for (const log of logs) {
            const sink = lake.connect();
            await live(sink, log, random);
            await sink.close();
          }
          expect(await ids(lake, feed)).toEqual(logs.flatMap((log) => log.ids(30)).sort());
        }),
      ),
      { numRuns: 4 },
    ),
  );
});

/** Stores a partition to its end, in steps of its own, from where the table stands. */
async function live(
  sink: LakeSink | ReturnType<LakeUnderTest['connect']>,
  log: FeedLog,
  random: SeededRandom,
): Promise<void> {
  const partition: SinkPartition = await sink.open(log.feed, log.partition, log.tables);
  let at = partition.next ?? 0;
  while (at < log.end) {
    const next = Math.min(log.end, at + 1 + random.below(12));
    await partition.add(log.portion(at, next));
    at = next;
    if (random.below(2) === 0) await partition.flush(fail);
  }
  await partition.flush(fail);
}

describe('what DuckDB fails of', () => {
  it.each([
    ['IO Error: Could not write file "/lake/x": No space left on device', SinkUnavailableError, 'is full'],
    ['IO Error: Could not write file "/lake/x": Disk quota exceeded', SinkUnavailableError, 'is full for this user'],
    [
      'IO Error: Cannot open file "/lake/x": Permission denied',
      SinkRefusedError,
      'Give the user of this process the rights',
    ],
    ['IO Error: Cannot open file "/lake/x": Read-only file system', SinkRefusedError, 'mounted read-only'],
    [
      'Out of Memory Error: could not allocate block of size 256.0 KiB',
      SinkUnavailableError,
      'Raise `memory` of the lake',
    ],
  ])('is told with its remedy: %s', (message, kind, words) => {
    const told = duckdbError(new Error(message), '/lake');
    expect(told).toBeInstanceOf(kind);
    expect((told as Error).message).toContain(words);
    expect((told as Error).message).toContain(message);
  });

  it('is left as it is where nobody knows what it means', () => {
    const error = new Error('Binder Error: there is no such column');
    expect(duckdbError(error, '/lake')).toBe(error);
  });
});
