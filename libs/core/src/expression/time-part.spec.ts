import fc from 'fast-check';

import { evaluateRow } from '../metrics/testing/evaluate-row';
import { TIME_PARTS, timePartOf } from './time-part';

const LAST_MS = Date.UTC(9999, 11, 31, 23, 59, 59, 999);
const instants = fc.oneof(
  fc.integer({ min: Date.UTC(1600, 0, 1), max: LAST_MS }),
  // The days on which calendars go wrong.
  fc
    .tuple(fc.integer({ min: 1600, max: 9_999 }), fc.constantFrom([0, 1], [1, 28], [1, 29], [2, 1], [11, 31]))
    .map(([year, [month = 0, day = 1]]) => Date.UTC(year, month, day)),
);

describe('the parts of an instant', () => {
  it.each(TIME_PARTS)('%s is what the calendar of JavaScript says', (part) => {
    fc.assert(
      fc.property(instants, (ms) => {
        const operand = { kind: 'literal', value: ms, type: 'timestamp' } as const;
        expect(timePartOf(part, ms)).toBe(evaluateRow({ kind: 'time-part', part, operand, type: 'int' }, {}));
      }),
      { numRuns: 500 },
    );
  });

  it.each(TIME_PARTS)('%s of nothing is nothing', (part) => {
    expect(timePartOf(part, NaN)).toBeNaN();
  });
});
