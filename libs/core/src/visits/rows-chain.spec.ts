import { emptyPosition } from '../batch/position';
import { PartitionLog } from '../metrics/testing/partition-log';
import { sessionsSchema } from '../sessions/testing/session-arbitraries';
import { RowsChain } from './rows-chain';

const START = { rawNext: 0, after: emptyPosition() };
const KIND = {
  ...{ stream: 'shop.sessions', partition: 0, timeOf: (ms: number) => ms },
  fields: [{ name: 'ended', type: 'timestamp' as const, value: (ms: number) => ms }],
};

/** Records of whose rows so many come. */
function batchesOf(counts: readonly number[]): { rawFrom: number; rawNext: number; rows: number; records: number }[] {
  const entries = counts.map((_, offset) => ({ offset, appendMs: offset, rows: [], advanceToMs: offset }));
  const log = new PartitionLog(sessionsSchema, 0, entries);
  const rows = counts.flatMap((count, rawOffset) => Array.from({ length: count }, (_, row) => ({ row, rawOffset })));
  const inputs = Float64Array.from(counts, (_, i) => i);
  const batches = new RowsChain(KIND, START).take(log.batch(0, counts.length), 0, rows, inputs);
  return batches.map(({ rawFrom, rawNext, rows: all, records, before, after }, i) => {
    expect(before).toBe(i === 0 ? START.after : batches[i - 1]?.after);
    expect(after.rowsSeen).toBe(before.rowsSeen + all);
    expect(after.watermarkInputMs).toBe(rawNext - 1);
    return { rawFrom, rawNext, rows: all, records: records.count };
  });
}

describe('the rows of one batch of events', () => {
  it('are one batch when they are few', () => {
    expect(batchesOf([1, 0, 8_000])).toEqual([{ rawFrom: 0, rawNext: 3, rows: 8_001, records: 3 }]);
  });

  it('are cut between records into batches that follow each other', () => {
    expect(batchesOf([5_000, 5_000, 1, 0, 9_000, 1])).toEqual([
      { rawFrom: 0, rawNext: 2, rows: 10_000, records: 2 },
      { rawFrom: 2, rawNext: 5, rows: 9_001, records: 3 },
      { rawFrom: 5, rawNext: 6, rows: 1, records: 1 },
    ]);
  });

  it('stay together where one record has brought them about', () => {
    expect(batchesOf([30_000])).toEqual([{ rawFrom: 0, rawNext: 1, rows: 30_000, records: 1 }]);
  });
});
