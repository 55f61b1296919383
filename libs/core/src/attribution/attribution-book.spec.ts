import * as fc from 'fast-check';
import { PartitionLog } from '../metrics/testing/partition-log';
import type { AttributedPurchase, AttributedView } from './attribution';
import { AttributionBook } from './attribution-book';
import type { AttributionDefinition } from './definition';
import { attributions, shopEntries, shopSchema } from './testing/attribution-arbitraries';
import type { PlainPurchase } from './testing/attribution-oracle';
import { judgeAttribution } from './testing/attribution-oracle';
import type { ToldAttributions } from './testing/run-attribution';
import { applyEntries } from './testing/run-attribution';

const schema = shopSchema;
const logs = shopEntries.map((entries) => new PartitionLog(schema, 0, entries));

const positionOf = ({ offset, index, timeMs }: AttributedView | PlainPurchase['views'][number]) => ({
  offset,
  index,
  timeMs,
});

function expectEqual(told: ToldAttributions, log: PartitionLog, attribution: AttributionDefinition): void {
  const { decided, late } = judgeAttribution(log, attribution, schema);
  const plain = ({ offset, index, timeMs, decidedBy, truncated, views }: AttributedPurchase | PlainPurchase) => ({
    ...{ offset, index, timeMs, decidedBy, truncated },
    views: views.map(positionOf),
  });
  expect(told.decided.map(plain)).toEqual(decided.map(plain));
  expect(told.late.map(({ rawOffset, index }) => [rawOffset, index])).toEqual(
    late.map(({ offset, index }) => [offset, index]),
  );
}

describe('AttributionBook', () => {
  it('tells what looking at all views for each purchase tells, wherever batches are cut', () => {
    fc.assert(
      fc.property(attributions, logs, fc.array(fc.nat(6)), (attribution, log, cuts) => {
        const book = new AttributionBook(schema, attribution, -Infinity);
        const told: ToldAttributions = { decided: [], late: [] };
        let at = 0;
        for (const length of [...cuts, log.entries.length]) {
          const to = Math.min(at + length, log.entries.length);
          applyEntries(book, log, at, to, told);
          at = to;
        }
        expectEqual(told, log, attribution);
      }),
      { numRuns: 1000 },
    );
  });
});
