import * as fc from 'fast-check';
import type { Expression } from '../../expression/ast';
import type { Row } from '../../metrics/testing/evaluate-row';
import type { LogEntry } from '../../metrics/testing/partition-log';
import { PartitionLog } from '../../metrics/testing/partition-log';
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

const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null, freq: 6 });

const ann = { user: 'ann', visitor: null };

/** Mostly the same one, so that views and purchases meet. */
const owners = fc.oneof(
  { weight: 6, arbitrary: fc.constant(ann) },
  { weight: 3, arbitrary: fc.constantFrom({ user: null, visitor: 7 }, { user: '', visitor: 7 }) },
  fc.constantFrom({ user: '7', visitor: 8 }, { user: null, visitor: -0 }),
);

/** Everything of a row but its time. */
const rowFields: fc.Arbitrary<Row> = fc
  .tuple(
    owners,
    fc.record({
      type: fc.constantFrom('view', 'view', 'view', 'view', 'purchase', 'purchase', 'both', 'search'),
      product: fc.constantFrom('a', 'a', 'a', 'a', 'b', '', 'é'.repeat(200), null),
      size: fc.constantFrom(1, 1, 1, 1, 0, null),
      category: optional(fc.constantFrom('shoes', 'x'.repeat(300))),
      device: optional(fc.constantFrom('phone', 'desktop')),
      revenue: optional(fc.integer({ min: -100, max: 1000 })),
    }),
  )
  .map(([owner, fields]) => ({ ...owner, ...fields }));

/** An attribution, and a partition whose time goes forward by and large: by a few ms a record, or by minutes. */
export interface Scene {
  readonly attribution: AttributionDefinition;
  readonly log: PartitionLog;
}

const definitions = fc.record({
  on: fc.constantFrom(['product'], ['product'], ['product', 'size'], ['size']),
  /** In units of the log. */
  within: fc.constantFrom(1, 5, 20, 100),
  outOfOrderness: fc.constantFrom(0, 3, 10, 20, 40),
  maxMatches: fc.constantFrom(1, 2, 3, 100),
  revenue: fc.constantFrom('revenue', 'revenue', null),
});

const records = fc.array(
  fc.record({
    step: fc.nat(6),
    gap: fc.constantFrom(0, 0, 0, 3),
    rows: fc.array(fc.tuple(fc.integer({ min: -12, max: 2 }), rowFields), { maxLength: 6, size: 'max' }),
    advance: fc.boolean(),
  }),
  { maxLength: 25, size: 'max' },
);

export const scenes: fc.Arbitrary<Scene> = fc
  .tuple(fc.constantFrom(1, 1, 10, 1_500, 40_000), definitions, records)
  .map(([unitMs, { on, within, outOfOrderness, maxMatches, revenue }, steps]) => {
    let nowMs = 100_000;
    let offset = 0;
    const entries = steps.map(({ step, gap, rows, advance }): LogEntry => {
      nowMs += step * unitMs;
      offset += 1 + gap;
      if (rows.length === 0 && advance) return { offset, appendMs: nowMs, rows: [], advanceToMs: nowMs };
      const placed = rows.map(([behind, fields]): Row => ({ at: nowMs + behind * unitMs, ...fields }));
      return { offset, appendMs: nowMs + unitMs, rows: placed };
    });
    const times = { withinMs: within * unitMs, outOfOrdernessMs: outOfOrderness * unitMs };
    const attribution = anAttribution({ ...{ on, maxMatches, revenue }, ...times });
    return { attribution, log: new PartitionLog(shopSchema, 0, entries) };
  });
