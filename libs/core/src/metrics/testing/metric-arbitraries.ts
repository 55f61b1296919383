import * as fc from 'fast-check';
import type { Expression } from '../../expression/ast';
import { TEXT_TESTS } from '../../expression/text-functions';
import { TIME_PARTS } from '../../expression/time-part';
import { ALL_TIME } from '../../windowing/window-spec';
import type { Field, FieldType, StreamSchema } from '../../stream/schema';
import type { Measure, MetricDefinition, TopAmount, WindowSpec } from '../definition';
import type { Row } from './evaluate-row';
import type { LogEntry } from './partition-log';

function aField(number: number, name: string, type: FieldType, dictionary = false): Field {
  return { number, name, type, optional: true, dictionary, aliases: new Map(), values: null, default: null };
}

/** A stream with a field of every type and coding. */
export const testSchema: StreamSchema = {
  stream: 'test',
  partitions: 4,
  key: ['user', 'device'],
  id: null,
  dedupe: { withinMs: 0, maxRows: 0 },
  eventTime: { field: 'at', outOfOrdernessMs: 0, futureToleranceMs: 1e9, idleAfterMs: 1000 },
  money: { currency: 'USD', exponent: 2 },
  fields: [
    aField(1, 'at', 'timestamp'),
    aField(2, 'user', 'string'),
    aField(3, 'kind', 'string', true),
    aField(4, 'place', 'string'),
    aField(5, 'amount', 'money'),
    aField(6, 'quantity', 'int'),
    aField(7, 'score', 'double'),
    aField(8, 'flag', 'bool'),
    aField(9, 'seen', 'timestamp'),
  ],
};

const optional = <T extends string | number | boolean>(value: fc.Arbitrary<T>) =>
  fc.option(value, { nil: null, freq: 5 });

/** Amounts now and then so large that a few of them are beyond exact integers. */
const amounts = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: -500, max: 5000 }) },
  { weight: 2, arbitrary: fc.constantFrom(Number.MAX_SAFE_INTEGER, -Number.MAX_SAFE_INTEGER, 2 ** 52) },
);

/** Everything of a row but its time and user. */
export const rowFields = fc.record({
  kind: optional(fc.constantFrom('view', 'cart', 'purchase', 'é')),
  place: optional(fc.constantFrom('', 'north', 'South É', 'a place with a name of more than a few letters')),
  amount: optional(amounts),
  quantity: optional(fc.integer({ min: -3, max: 3 })),
  score: optional(fc.integer({ min: -20, max: 20 }).map((quarters) => quarters / 4)), // exact in any order
  flag: optional(fc.boolean()),
  seen: optional(fc.integer({ min: -1000, max: 1000 })),
});

const field = (name: string): Expression => ({
  kind: 'field',
  name,
  type: testSchema.fields.find((candidate) => candidate.name === name)?.type ?? 'null',
});

const comparison = fc.constantFrom('==', '!=', '<', '<=', '>', '>=' as const);
const equality = fc.constantFrom('==', '!=' as const);

const compare = (operator: '==' | '!=' | '<' | '<=' | '>' | '>=', left: Expression, right: Expression): Expression => ({
  kind: 'compare',
  operator,
  left,
  right,
  type: 'bool',
});

const lowerOf = (operand: Expression, lower: boolean): Expression =>
  lower ? { kind: 'lower', operand, type: 'string' } : operand;

const numbers: fc.Arbitrary<Expression> = fc.letrec<{ number: Expression }>((tie) => ({
  number: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom(field('amount'), field('quantity'), field('score'), field('seen')),
    fc.integer({ min: -5, max: 50 }).map((value): Expression => ({ kind: 'literal', value, type: 'int' })),
    fc.record({
      kind: fc.constant('arithmetic' as const),
      operator: fc.constantFrom('+', '-', '*', '/', '%' as const),
      left: tie('number'),
      right: tie('number'),
      type: fc.constant('double' as const),
    }),
    tie('number').map((operand): Expression => ({ kind: 'negate', operand, type: 'double' })),
    fc
      .constantFrom(...TIME_PARTS)
      .map((part): Expression => ({ kind: 'time-part', part, operand: field('seen'), type: 'int' })),
    fc
      .tuple(fc.constantFrom('kind', 'place'), fc.boolean())
      .map(([name, lower]): Expression => ({ kind: 'size', operand: lowerOf(field(name), lower), type: 'int' })),
    fc.tuple(tie('number'), tie('number'), tie('number')).map(([test, whenTrue, otherwise]): Expression => ({
      kind: 'choice',
      condition: compare('<', test, whenTrue),
      whenTrue,
      otherwise,
      type: 'double',
    })),
  ),
})).number;

const texts = fc.oneof(
  fc
    .tuple(fc.constantFrom(field('kind'), field('place'), field('user')), fc.boolean())
    .map(([operand, lower]) => lowerOf(operand, lower)),
  fc
    .constantFrom('view', 'cart', 'north', '', 'zzz', 'é')
    .map((value): Expression => ({ kind: 'literal', value, type: 'string' })),
);
const patterns = fc.constantFrom('', 'v', 'é', 'th', 'w', 'north', 'more than', 'N');
const expressions = fc.constantFrom('', '^v', 'r.h$', '[a-z]+ [a-zÉ]', '(é|É)', 'w{1,2}$', '^[^a-m]*$', 'o\\w+h');
const nothing: Expression = { kind: 'literal', value: null, type: 'null' };

/** Conditions over the rows of `testSchema`. */
export const conditions: fc.Arbitrary<Expression> = fc.letrec<{ condition: Expression }>((tie) => ({
  condition: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc
      .constantFrom('view', 'cart')
      .map((value) => compare('==', field('kind'), { kind: 'literal', value, type: 'string' })),
    fc.tuple(comparison, texts, texts).map(([operator, left, right]) => compare(operator, left, right)),
    fc.tuple(comparison, numbers, numbers).map(([operator, left, right]) => compare(operator, left, right)),
    fc
      .tuple(equality, fc.oneof(texts, numbers, fc.constant(field('flag'))))
      .map(([operator, operand]) => compare(operator, operand, nothing)),
    fc.constant(field('flag')),
    fc
      .tuple(fc.constantFrom(...TEXT_TESTS), fc.constantFrom('kind', 'place'), fc.boolean(), patterns, expressions)
      .map(([test, name, lower, plain, regular]): Expression => {
        const pattern = test === 'matches' ? regular : plain;
        return { kind: 'text-test', test, operand: lowerOf(field(name), lower), pattern, type: 'bool' };
      }),
    fc
      .tuple(tie('condition'), tie('condition'), tie('condition'))
      .map(([condition, whenTrue, otherwise]): Expression => {
        return { kind: 'choice', condition, whenTrue, otherwise, type: 'bool' };
      }),
    fc
      .subarray(['view', 'cart', 'north'], { minLength: 1 })
      .chain((values) =>
        fc
          .constantFrom('kind', 'place')
          .map((name): Expression => ({ kind: 'in', operand: field(name), values, type: 'bool' })),
      ),
    fc
      .subarray([-1, 0, 2, 100], { minLength: 1 })
      .map((values): Expression => ({ kind: 'in', operand: field('quantity'), values, type: 'bool' })),
    fc.record({
      kind: fc.constant('logic' as const),
      operator: fc.constantFrom('&&', '||' as const),
      left: tie('condition'),
      right: tie('condition'),
      type: fc.constant('bool' as const),
    }),
    tie('condition').map((operand): Expression => ({ kind: 'not', operand, type: 'bool' })),
  ),
})).condition;

const where = fc.option(conditions, { nil: null });
const numberFields = fc.constantFrom(
  { field: 'amount', fieldType: 'money' as const },
  { field: 'quantity', fieldType: 'int' as const },
  { field: 'score', fieldType: 'double' as const },
  { field: 'seen', fieldType: 'timestamp' as const },
);

function numberField(field: 'amount' | 'quantity' | 'score') {
  const types = { amount: 'money', quantity: 'int', score: 'double' } as const;
  return { field, fieldType: types[field] };
}

type Unnamed = Measure extends infer M ? (M extends Measure ? Omit<M, 'name'> : never) : never;

const rankedBy: fc.Arbitrary<TopAmount> = fc.oneof(
  fc.constant<TopAmount>({ kind: 'count' }),
  fc
    .constantFrom('amount', 'quantity', 'score' as const)
    .map((name): TopAmount => ({ kind: 'sum', ...numberField(name) })),
  numberFields.map((of): TopAmount => ({ kind: 'max', ...of })),
);

function measures(distinctFields: readonly string[]): fc.Arbitrary<Unnamed> {
  return fc.oneof(
    where.map((condition): Unnamed => ({ kind: 'count', where: condition })),
    fc
      .tuple(fc.constantFrom('sum', 'avg', 'min', 'max' as const), numberFields, where)
      .map(([kind, of, condition]): Unnamed => ({ kind, ...of, where: condition })),
    {
      weight: 2,
      arbitrary: fc
        .tuple(fc.constantFrom(...distinctFields), where)
        .map(([name, condition]): Unnamed => ({ kind: 'distinct', field: name, where: condition })),
    },
    fc
      .tuple(fc.constantFrom('amount', 'quantity', 'score' as const), where)
      .map(([name, condition]): Unnamed => ({ kind: 'rate', ...numberField(name), where: condition })),
    fc
      .tuple(
        fc.constantFrom('first', 'last' as const),
        fc.constantFrom('place', 'amount', 'score', 'flag', 'kind', 'seen'),
        where,
      )
      .map(([kind, name, condition]): Unnamed => {
        const fieldType = testSchema.fields.find((candidate) => candidate.name === name)?.type ?? 'string';
        return { kind, field: name, fieldType, where: condition };
      }),
    where.map((condition): Unnamed => ({ kind: 'rate', field: null, fieldType: null, where: condition })),
    fc
      .tuple(
        fc.constantFrom('amount', 'quantity', 'score' as const),
        fc.constantFrom(0, 12.5, 50, 95, 99.9, 100),
        where,
      )
      .map(([name, percent, condition]): Unnamed => {
        return { kind: 'percentile', ...numberField(name), percent, where: condition };
      }),
    fc
      .tuple(fc.constantFrom('place', 'amount', 'score', 'flag', 'kind', 'user'), where)
      .map(([name, condition]): Unnamed => ({ kind: 'approx_distinct', field: name, where: condition })),
    fc
      .tuple(fc.constantFrom('place', 'amount', 'score', 'flag', 'kind'), fc.integer({ min: 1, max: 4 }), where)
      .map(([name, limit, condition]): Unnamed => {
        const fieldType = testSchema.fields.find((candidate) => candidate.name === name)?.type ?? 'string';
        return { kind: 'collect', field: name, fieldType, limit, where: condition };
      }),
    {
      weight: 2,
      arbitrary: fc
        .tuple(
          fc.constantFrom('place', 'amount', 'flag', 'kind', 'user', 'seen'),
          fc.integer({ min: 1, max: 4 }),
          rankedBy,
          where,
        )
        .map(([name, limit, by, condition]): Unnamed => {
          const fieldType = testSchema.fields.find((candidate) => candidate.name === name)?.type ?? 'string';
          if (fieldType === 'double') throw new Error(`${name} is a double`);
          return { kind: 'top', field: name, fieldType, limit, by, where: condition };
        }),
    },
  );
}

/** Sizes of windows in slices; some wider than one mask of members. */
const sliceCounts = fc.oneof({ weight: 4, arbitrary: fc.integer({ min: 1, max: 6 }) }, fc.constantFrom(31, 32, 33, 70));

const hopping: fc.Arbitrary<WindowSpec> = fc
  .record({
    hopMs: fc.constantFrom(1, 7, 10, 25),
    slices: sliceCounts,
    /** By how much the size is more than whole hops. */
    rest: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.integer({ min: 1, max: 24 })),
  })
  .map(({ hopMs, slices, rest }) => ({ sizeMs: hopMs * slices + (rest % hopMs), hopMs }));

/** Sessions that are cut now and then, or never. */
const sessionWindows = (longest: fc.Arbitrary<number>): fc.Arbitrary<WindowSpec> =>
  fc
    .tuple(fc.constantFrom(1, 5, 10, 40), longest, fc.nat(3))
    .map(([gapMs, gaps, rest]) => ({ gapMs, maxDurationMs: gapMs * gaps + Math.min(rest, gapMs - 1) }));

const localGroups = [['user'], ['user', 'kind']] as const;
const groups = [[], ['kind'], ...localGroups, ['kind', 'place', 'flag'], ['quantity'], ['place']] as const;

/** Metrics over `testSchema`. */
export const metricDefinitions = definitionsWith(hopping, groups);

/** Metrics of sessions over `testSchema`. */
export const sessionDefinitions = definitionsWith(
  sessionWindows(fc.oneof(fc.constantFrom(4, 5, 6), fc.constantFrom(20, 1000))),
  localGroups,
);
/** Of sessions that are never cut. */
export const uncutSessions = definitionsWith(sessionWindows(fc.constant(10_000)), localGroups);

/** Running totals over `testSchema`. */
export const totalDefinitions = definitionsWith(fc.constant(ALL_TIME), groups).map((metric): MetricDefinition => {
  const measures = metric.measures.map((measure): Measure => {
    return measure.kind === 'rate' ? { kind: 'count', name: measure.name, where: measure.where } : measure;
  });
  return { ...metric, outOfOrdernessMs: 0, measures };
});

function definitionsWith(
  windows: fc.Arbitrary<WindowSpec>,
  groupBys: readonly (readonly string[])[],
): fc.Arbitrary<MetricDefinition> {
  return fc
    .record({
      window: windows,
      outOfOrdernessMs: fc.constantFrom(0, 5, 20, 60),
      groupBy: fc.constantFrom(...groupBys),
      where,
    })
    .chain((base) => {
      const local = base.groupBy.includes('user');
      const distinctFields = local ? ['user', 'place', 'kind', 'quantity'] : ['user'];
      return fc
        .record({
          measures: fc.array(measures(distinctFields), { minLength: 1, maxLength: 5 }),
          ratio: fc.option(fc.tuple(fc.nat(), fc.nat())),
          having: fc.option(fc.tuple(fc.nat(), comparison, fc.integer({ min: -2, max: 20 }))),
        })
        .map(({ measures: unnamed, ratio, having }): MetricDefinition => {
          const named = unnamed.map((measure, i): Measure => ({ ...measure, name: `m${i}` }));
          const usable = named
            .filter(({ kind }) => !['collect', 'first', 'last', 'top'].includes(kind))
            .map(({ name }): Expression => ({ kind: 'field', name, type: 'double' }));
          const pick = (index: number) => usable[index % usable.length] as Expression;
          if (ratio && usable.length > 0) {
            const value: Expression = {
              kind: 'arithmetic',
              operator: '/',
              left: pick(ratio[0]),
              right: pick(ratio[1]),
              type: 'double',
            };
            named.push({ kind: 'derived', name: 'ratio', value, type: 'double' });
          }
          return {
            name: 'metric',
            identity: 'metric@0',
            where: base.where,
            groupBy: base.groupBy,
            window: base.window,
            outOfOrdernessMs: base.outOfOrdernessMs,
            measures: named,
            having:
              having && usable.length > 0
                ? compare(having[1], pick(having[0]), { kind: 'literal', value: having[2], type: 'int' })
                : null,
            emit: { everyMs: 250, maxPerSecond: 1000 },
            local,
          };
        });
    });
}

/** Several metrics with names and identities of their own. */
export const metricLists = listsOf(metricDefinitions);
export const sessionLists = listsOf(sessionDefinitions);
export const uncutSessionLists = listsOf(uncutSessions);
export const totalLists = listsOf(totalDefinitions);

function listsOf(metrics: fc.Arbitrary<MetricDefinition>): fc.Arbitrary<readonly MetricDefinition[]> {
  return fc
    .array(metrics, { minLength: 1, maxLength: 3 })
    .map((list) => list.map((metric, i) => ({ ...metric, name: `metric${i}`, identity: `metric${i}@${i}` })));
}

/**
 * Records of one partition: time goes on on the whole, with rows out of order within and between records, late rows,
 * now and then one of long ago or far ahead, control records, and holes in the offsets.
 */
export function logEntries(users: readonly (string | null)[], maxRecords = 25): fc.Arbitrary<readonly LogEntry[]> {
  const rows = fc.array(
    fc.record({
      lagMs: fc.oneof(
        { weight: 6, arbitrary: fc.integer({ min: -10, max: 30 }) },
        { weight: 1, arbitrary: fc.integer({ min: -400, max: 400 }) },
      ),
      user: fc.constantFrom(...users),
      fields: rowFields,
    }),
    { maxLength: 6 },
  );
  const records = fc.array(
    fc.record({
      stepMs: fc.oneof({ weight: 6, arbitrary: fc.nat(20) }, { weight: 1, arbitrary: fc.nat(500) }),
      hole: fc.nat(2),
      rows,
      control: fc.oneof(
        { weight: 6, arbitrary: fc.constant(null) },
        { weight: 1, arbitrary: fc.constantFrom('advance', 'hold', 'release' as const) },
      ),
    }),
    { maxLength: maxRecords },
  );
  return fc.tuple(fc.integer({ min: -200, max: 200 }), records).map(([startMs, drafts]) => {
    let nowMs = startMs;
    let offset = -1;
    return drafts.map((draft): LogEntry => {
      nowMs += draft.stepMs;
      offset += 1 + draft.hole;
      const record = { offset, appendMs: nowMs + 5 };
      if (draft.control === 'advance') return { ...record, rows: [], advanceToMs: nowMs };
      if (draft.control !== null) return { ...record, rows: [], control: draft.control };
      const events = draft.rows.map(({ lagMs, user, fields }): Row => ({ ...fields, user, at: nowMs - lagMs }));
      return { ...record, rows: events };
    });
  });
}
