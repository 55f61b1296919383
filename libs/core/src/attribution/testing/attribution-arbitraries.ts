import * as fc from 'fast-check';
import type { Expression } from '../../expression/ast';
import type { Row } from '../../metrics/testing/evaluate-row';
import type { LogEntry } from '../../metrics/testing/partition-log';
import { aField, aSchema } from '../../stream/schema.fixture';
import type { AttributionDefinition } from '../definition';

/** A shop with few users and products, so that views meet purchases. */
export const shopSchema = aSchema(
  [
    aField('at', 'timestamp'),
    aField('type', 'string', { dictionary: true }),
    aField('user', 'string'),
    aField('visitor', 'int'),
    aField('product', 'string', { dictionary: true }),
    aField('size', 'int'),
    aField('category', 'string'),
    aField('device', 'string', { dictionary: true }),
    aField('revenue', 'money'),
  ],
  {
    stream: 'shop',
    key: ['user', 'visitor'],
    eventTime: { field: 'at', outOfOrdernessMs: 0, futureToleranceMs: 1e9, idleAfterMs: 1000 },
  },
);

const isType = (...values: string[]): Expression => ({
  kind: 'in',
  operand: { kind: 'field', name: 'type', type: 'string' },
  values,
  type: 'bool',
});

/** An attribution of the shop; `try and buy` is a view and a purchase. */
export function anAttribution(sketch: Partial<AttributionDefinition> = {}): AttributionDefinition {
  return {
    identity: 'attribution@0123abcd',
    from: isType('view', 'both'),
    to: isType('purchase', 'both'),
    on: ['product'],
    withinMs: 100,
    outOfOrdernessMs: 20,
    maxMatches: 3,
    ...{ category: 'category', device: 'device', revenue: 'revenue' },
    ...sketch,
  };
}

export const attributions: fc.Arbitrary<AttributionDefinition> = fc
  .record({
    on: fc.constantFrom(['product'], ['product', 'size'], ['size']),
    withinMs: fc.constantFrom(1, 30, 100, 60_000, 5_000_000),
    outOfOrdernessMs: fc.constantFrom(0, 1, 20, 70_000),
    maxMatches: fc.constantFrom(1, 2, 3, 100),
    revenue: fc.constantFrom('revenue', null),
  })
  .map(anAttribution);

const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null, freq: 6 });

const owners = fc.oneof(
  fc.constantFrom('ann', 'bob').map((user) => ({ user, visitor: null })),
  fc.constantFrom(7, -0).map((visitor) => ({ user: null, visitor })),
  fc.constant({ user: '7', visitor: 8 }),
  fc.constant({ user: '', visitor: 7 }),
);

/** Everything of a row but its time. */
const rowFields: fc.Arbitrary<Row> = fc
  .tuple(
    owners,
    fc.record({
      type: fc.constantFrom('view', 'view', 'view', 'purchase', 'both', 'search'),
      product: optional(fc.constantFrom('a', 'b', '', 'é'.repeat(200))),
      size: optional(fc.constantFrom(0, 1)),
      category: optional(fc.constantFrom('shoes', 'x'.repeat(300))),
      device: optional(fc.constantFrom('phone', 'desktop')),
      revenue: optional(fc.integer({ min: -100, max: 1000 })),
    }),
  )
  .map(([owner, fields]) => ({ ...owner, ...fields }));

/** Records of a partition whose time goes forward, by and large: by a few ms each, or by minutes. */
export const shopEntries: fc.Arbitrary<LogEntry[]> = fc
  .tuple(
    fc.constantFrom(1, 10, 1_500, 40_000),
    fc.array(
      fc.record({
        step: fc.nat(6),
        gap: fc.constantFrom(0, 0, 0, 3),
        rows: fc.array(fc.tuple(fc.integer({ min: -12, max: 2 }), rowFields), { maxLength: 4 }),
        advance: fc.boolean(),
      }),
      { maxLength: 30 },
    ),
  )
  .map(([unitMs, records]) => {
    let nowMs = 100_000;
    let offset = 0;
    return records.map(({ step, gap, rows, advance }): LogEntry => {
      nowMs += step * unitMs;
      offset += 1 + gap;
      if (rows.length === 0 && advance) return { offset, appendMs: nowMs, rows: [], advanceToMs: nowMs };
      const placed = rows.map(([behind, fields]): Row => ({ at: nowMs + behind * unitMs, ...fields }));
      return { offset, appendMs: nowMs + unitMs, rows: placed };
    });
  });
