import * as fc from 'fast-check';
import { ConditionSet } from './condition-set';
import type { Measure, MetricDefinition } from '../definition';
import { decodeGroupKey, encodeGroupKey } from '../groups/group-key';
import { planMetric } from './metric-planner';
import { metricDefinitions, testSchema } from '../testing/metric-arbitraries';

const schema = testSchema;
const aMetric = (change: Partial<MetricDefinition>): MetricDefinition => ({
  name: 'metric',
  identity: 'metric@0',
  where: null,
  groupBy: [],
  window: { sizeMs: 10, hopMs: 5 },
  outOfOrdernessMs: 0,
  measures: [],
  having: null,
  emit: { everyMs: 250, maxPerSecond: 100 },
  local: false,
  ...change,
});
const plan = (change: Partial<MetricDefinition>) => planMetric(aMetric(change), 0, schema, new ConditionSet());
const sum = (name: string, field: string, kind: 'sum' | 'avg' = 'sum'): Measure => ({
  kind,
  name,
  field,
  fieldType: 'money',
  where: null,
});

describe('planMetric', () => {
  it('keeps one sum for the sum and the average of a field', () => {
    const { sums, width } = plan({ measures: [sum('total', 'amount'), sum('average', 'amount', 'avg')] });
    expect(sums).toHaveLength(1);
    expect(width).toBe(4);
  });

  it.each([
    ['a size that is less than the hop', { window: { sizeMs: 10, hopMs: 11 } }, /must be at least its hop/],
    ['a hop of nothing', { window: { sizeMs: 10, hopMs: 0 } }, /must be positive/],
    ['a field nobody declared', { measures: [sum('total', 'nothing')] }, /does not declare/],
    ['a sum of texts', { measures: [sum('total', 'place')] }, /needs numbers/],
    [
      'two measures of one name',
      { measures: [sum('total', 'amount'), sum('total', 'amount')] },
      /two measures of one name/,
    ],
    [
      'a distinct count that would count a value in every partition',
      { measures: [{ kind: 'distinct' as const, name: 'places', field: 'place', where: null }] },
      /once in every partition/,
    ],
  ])('refuses %s', (_, change, message) => {
    expect(() => plan(change)).toThrow(message);
  });
});

describe('encodeGroupKey', () => {
  it('is undone by decodeGroupKey, and equal only for equal groups', () => {
    const values = { kind: fc.string(), place: fc.string(), flag: fc.boolean(), quantity: fc.maxSafeInteger() };
    const { kind, place, flag, quantity } = values;
    const anything = fc.tuple(fc.option(kind), fc.option(place), fc.option(flag), fc.option(quantity));
    fc.assert(
      fc.property(anything, anything, (a, b) => {
        const metric = { groupBy: Object.keys(values) };
        const keys = [a, b].map((group) => encodeGroupKey(group, metric, schema)) as [Uint8Array, Uint8Array];
        const decoded = keys.map((key) => JSON.stringify(decodeGroupKey(key, metric, schema)));
        expect(decoded).toEqual([a, b].map((group) => JSON.stringify(group)));
        expect(keys[0].join() === keys[1].join()).toBe(decoded[0] === decoded[1]);
      }),
    );
  });

  it('refuses values that are not those of the fields', () => {
    const metric = { groupBy: ['kind', 'quantity'] };
    expect(() => encodeGroupKey(['view'], metric, schema)).toThrow(RangeError);
    expect(() => encodeGroupKey([1, 1], metric, schema)).toThrow(TypeError);
    expect(() => encodeGroupKey(['view', 'one'], metric, schema)).toThrow(TypeError);
    expect(() => encodeGroupKey(['x'], { groupBy: ['nothing'] }, schema)).toThrow(RangeError);
  });

  it('stands for one empty group where there is no groupBy', () => {
    const [metric] = fc.sample(metricDefinitions, { numRuns: 1, seed: 1 });
    expect(encodeGroupKey([], { ...metric, groupBy: [] }, schema)).toHaveLength(0);
  });
});
