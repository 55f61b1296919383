import fc from 'fast-check';

import { evaluateRow } from '../metrics/testing/evaluate-row';
import { conditions, rowFields, testSchema } from '../metrics/testing/metric-arbitraries';
import type { StreamSchema } from '../stream/schema';

import { readRows } from './read-rows.fixture';

/** An amount in minor units, in the text of its major unit. */
function amountText(minor: number): string {
  const digits = String(Math.abs(minor)).padStart(3, '0');
  return `${minor < 0 ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}

describe('a default that is a condition', () => {
  it('is what looking at the row by itself says', () => {
    fc.assert(
      fc.property(conditions, rowFields, fc.constantFrom('ann', 'view', 'VIEW'), (expression, fields, user) => {
        const schema: StreamSchema = {
          ...testSchema,
          key: ['user'],
          fields: [
            ...testSchema.fields,
            {
              number: 20,
              name: 'computed',
              type: 'bool',
              optional: true,
              dictionary: false,
              aliases: new Map(),
              values: null,
              default: { value: expression, where: null },
            },
          ],
        };
        // Times of events are not negative.
        const seen = fields.seen === null ? null : Math.abs(fields.seen);
        const row = { ...fields, seen, user, at: 1_767_571_200_000 };
        const event = { ...row, amount: row.amount === null ? null : amountText(row.amount) };
        const { rows } = readRows(
          schema,
          new TextEncoder().encode(JSON.stringify({ ...event, seen: instantText(seen) })),
        );
        // A flag that is null is no default: the field stays absent, which is false to whoever asks.
        expect(rows.map((read) => ('values' in read ? (read.values['computed'] ?? 0) : read))).toEqual([
          holds(expression, row),
        ]);
      }),
      { numRuns: 1_000 },
    );
  });
});

const holds = (...[expression, row]: Parameters<typeof evaluateRow>): number =>
  evaluateRow(expression, row) === true ? 1 : 0;

/** Small numbers would be taken for something else than milliseconds. */
const instantText = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());
