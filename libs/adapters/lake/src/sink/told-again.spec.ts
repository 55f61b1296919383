import { feedTables, type Feed, type FeedRow } from '@tillstream/contracts';
import { sinkStream } from '@tillstream/engine/testing';

import { LakeUnderTest } from '../testing/lake-under-test';

const DAY_MS = 86_400_000;
const definition = sinkStream();
const fail = () => Promise.reject(new Error('the lake refuses nothing'));

function rowOf(feed: Feed, id: string, offset: number, timeMs: number, sourceOffset: number): FeedRow {
  return {
    ...{ table: feed, id, version: 0, timeMs, partition: 0, offset, index: 0, record: null },
    values: { source_partition: 0, source_offset: sourceOffset, source_index: 0 },
  };
}

describe('rows that are told again', () => {
  it.each(['dead_letters', 'late'] as const)(
    'are in the lake once, though %s come at another time, on another day',
    async (feed) => {
      const lake = await LakeUnderTest.create(definition);
      try {
        const store = async (from: number, rows: readonly FeedRow[]) => {
          const sink = lake.connect();
          const partition = await sink.open(feed, 0, feedTables(definition, feed));
          await partition.add({ from, next: from + rows.length, rows: { kind: 'rows', rows } });
          await partition.flush(fail);
          await sink.close();
        };
        const atMs = Date.UTC(2026, 0, 5);
        await store(0, [rowOf(feed, 'a', 0, atMs, 7), rowOf(feed, 'b', 1, atMs, 8)]);
        await store(2, [rowOf(feed, 'c', 2, atMs, 9), rowOf(feed, 'a', 3, atMs + 40 * DAY_MS, 7)]);
        await store(4, [rowOf(feed, 'b', 4, atMs + DAY_MS, 8), rowOf(feed, 'c', 5, atMs, 9)]);
        expect(await lake.query(feed, `SELECT id, _offset FROM ${feed} ORDER BY id`)).toEqual([
          { id: 'a', _offset: '0' },
          { id: 'b', _offset: '1' },
          { id: 'c', _offset: '2' },
        ]);
        // A range of which every row was there already moves the position all the same.
        expect((await lake.snapshot(feed))?.positions.get(`${feed}/0`)).toBe(6);
      } finally {
        await lake.close();
      }
    },
  );
});
