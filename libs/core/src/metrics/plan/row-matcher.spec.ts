import fc from 'fast-check';
import { RowMatcher } from './row-matcher';
import { evaluateRow } from '../testing/evaluate-row';
import { logEntries, metricLists, testSchema } from '../testing/metric-arbitraries';
import { PartitionLog } from '../testing/partition-log';

describe('which rows a metric takes', () => {
  it('is what its condition says of each row, and that a local metric needs the key', () => {
    fc.assert(
      fc.property(metricLists, logEntries(['a', 'b', '', null]), (metrics, entries) => {
        const matcher = new RowMatcher(testSchema, metrics);
        matcher.begin(new PartitionLog(testSchema, 0, entries).batch(0, entries.length));
        const rows = entries.flatMap(({ rows: own }, record) => own.map((row) => ({ row, record })));
        rows.forEach(({ row, record }, at) => {
          expect(matcher.times[at]).toBe(row[testSchema.eventTime.field]);
          expect(matcher.recordOf(at)).toBe(record);
          metrics.forEach(({ where, local }, index) => {
            const key = row[testSchema.key[0] as string] ?? '';
            const wanted = where === null || evaluateRow(where, row) === true;
            expect(matcher.takes(index, at)).toBe(wanted && (!local || key !== ''));
          });
        });
      }),
    );
  });
});
