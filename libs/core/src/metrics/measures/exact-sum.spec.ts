import * as fc from 'fast-check';
import { CARRY, highHalf, lowHalf, sumValue, writeSum } from './exact-sum';
import type { Measure, MetricDefinition } from '../definition';
import { testSchema } from '../testing/metric-arbitraries';
import { PartitionLog } from '../testing/partition-log';
import { plainResults } from '../testing/plain-results';
import { newAggregator } from '../testing/run-aggregator';

const MAX = Number.MAX_SAFE_INTEGER;
const integers = fc.oneof(fc.maxSafeInteger(), fc.constantFrom(MAX, -MAX, 0, 1, -1, 2 ** 52), fc.integer());

describe('exact sums', () => {
  it('are what big integers give, in any order, and null where doubles cannot say it', () => {
    fc.assert(
      fc.property(fc.array(integers, { maxLength: 12 }), (values) => {
        let high = 0;
        let low = 0;
        for (const value of values) {
          high += highHalf(value);
          low += lowHalf(value);
        }
        const target = new Float64Array(2);
        writeSum(high, low, 0, target, 0, 1);
        const [rest, carry] = target as unknown as [number, number];
        const exact = values.reduce((sum, value) => sum + BigInt(value), 0n);
        expect(BigInt(rest) + BigInt(carry) * BigInt(CARRY)).toBe(exact);
        expect(sumValue(rest, carry)).toBe(Number.isSafeInteger(Number(exact)) ? Number(exact) : NaN);
      }),
    );
  });

  it('come back from beyond what is exact, however far the windows and slices of the rows lie apart', () => {
    const total: Measure = { kind: 'sum', name: 'total', field: 'amount', fieldType: 'money', where: null };
    const metric: MetricDefinition = {
      name: 'sums',
      identity: 'sums@0',
      where: null,
      groupBy: [],
      window: { sizeMs: 30, hopMs: 10 },
      outOfOrdernessMs: 0,
      measures: [total],
      having: null,
      emit: { everyMs: 250, maxPerSecond: 100 },
      local: true,
    };
    const row = fc.record({ at: fc.integer({ min: 0, max: 29 }), amount: integers });
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 10 }), (rows) => {
        const log = new PartitionLog(testSchema, 0, [
          { offset: 0, appendMs: 30, rows: rows.map((fields) => ({ ...fields, user: 'ann' })) },
          { offset: 1, appendMs: 90, rows: [], advanceToMs: 90 },
        ]);
        const aggregator = newAggregator(testSchema, [metric], log);
        aggregator.apply(log.batch(0, 2));
        for (const { startMs, results } of aggregator.takeClosed()) {
          const inside = rows.filter(({ at }) => at >= startMs && at < startMs + 30);
          const exact = Number(inside.reduce((sum, { amount }) => sum + BigInt(amount), 0n));
          const [result] = results ? plainResults(results, testSchema) : [];
          const isExact = Number.isSafeInteger(exact);
          expect(result).toMatchObject({ measures: { total: isExact ? exact : null }, truncated: !isExact });
        }
      }),
      { numRuns: 300 },
    );
  });
});
