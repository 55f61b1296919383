import type { MetricDefinition, ResultBlock } from '@tillstream/core';
import { encodeGroupKey, ItemValues } from '@tillstream/core';
import fc from 'fast-check';
import { definitionFrom } from '../testing';
import { decodeMetricsRecord } from './decode-metrics-record';
import { PlainResults, type PlainResult } from './plain-results';
import { encodeClosed, encodeLateCount, encodeResults } from './result-records';

const { schema, metrics } = definitionFrom(`stream: plain
partitions: 2
key: [name]
eventTime: {field: at, outOfOrderness: 1s}
money: {currency: USD}
fields:
  at: {type: timestamp}
  name: {type: string, optional: true}
  flag: {type: bool, optional: true}
  amount: {type: money, optional: true}
  size: {type: int, optional: true}
  ratio: {type: double, optional: true}
metrics:
  grouped:
    groupBy: [name, size, flag]
    window: {size: 1m, hop: 30s}
    measures:
      total: sum(amount)
      ratios: sum(ratio)
      names: collect(name)
      n: count()
  ungrouped:
    window: {size: 1m}
    measures: {n: count()}
`);
const grouped = metrics[0] as MetricDefinition;
const ungrouped = metrics[1] as MetricDefinition;
const START = Date.parse('2019-10-01T00:00:00.000Z');
const WINDOW = { startMs: START, endMs: START + 60_000 };

interface Pair {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/** A reader that has been told of the windows of the tests. */
function reader(): PlainResults {
  const plain = new PlainResults(metrics);
  for (const { identity } of metrics) for (const final of [true, false]) plain.expect({ ...WINDOW, identity, final });
  return plain;
}

const textOf = ({ bytes, from, to }: PlainResult['group']): string => Buffer.from(bytes).toString('utf8', from, to);

/** What the general decoder says of a record, in the words of a plain result; null where it is something else. */
function decoded(record: Pair): object | null {
  const result = decodeMetricsRecord(record);
  if (result.kind !== 'result') return null;
  const { identity, startMs, final, revision, retracted, truncated, group, measures } = result;
  const { groupBy, measures: declared } = identity === grouped.identity ? grouped : ungrouped;
  return {
    ...{ identity, startMs, final, revision, retracted, truncated },
    group: JSON.stringify(groupBy.map((name) => group[name] ?? null)),
    measures: JSON.stringify(declared.map(({ name }) => measures[name] ?? null)),
  };
}

function read(plain: PlainResults, { key, value }: Pair): object | null {
  const result = plain.read(key, value);
  if (result === null) return null;
  const { identity, startMs, final, revision } = result;
  const texts = { group: textOf(result.group), measures: textOf(result.measures) };
  return { identity, startMs, final, revision, retracted: false, truncated: false, ...texts };
}

/** A record as encodeResults writes it, which its own tests compare with JSON.stringify. */
function recordOf(
  metric: MetricDefinition,
  { group, measures, final, revision, more }: Written,
  startMs = START,
): Pair {
  const about = {
    metric: metric.name,
    definition: metric.identity.slice(-8),
    window_start: new Date(startMs).toISOString(),
    window_end: new Date(startMs + 60_000).toISOString(),
  };
  const letter = final ? 'f' : 'p';
  return {
    key: Buffer.from(`${letter}|${metric.identity}|${about.window_start}|${JSON.stringify(group)}`),
    value: Buffer.from(JSON.stringify({ ...about, group, measures, final, revision, ...more })),
  };
}

interface Written {
  readonly group: object;
  readonly measures: object;
  readonly final: boolean;
  readonly revision: number;
  readonly more?: object;
}

const plainTexts = fc.string({
  unit: fc.constantFrom('a', 'B', ' ', '|', '}', ',', ':', '[', 'é', '中', '😀', '\u2028'),
});
const anyTexts = fc.string({ unit: fc.constantFrom('a', '"', '\\', '\n', '\u0000', 'é', '😀'), maxLength: 9 });
const numbers = fc.oneof(
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }).filter((n) => !Object.is(n, -0)),
);
const nullable = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { freq: 4 });

const written = (texts: fc.Arbitrary<string>): fc.Arbitrary<Written> =>
  fc.record({
    group: fc.record({ name: nullable(texts), size: nullable(fc.maxSafeInteger()), flag: nullable(fc.boolean()) }),
    measures: fc.record({
      total: nullable(fc.constantFrom('12.50', '-0.01')),
      ratios: nullable(numbers),
      names: fc.array(fc.oneof(texts, numbers, fc.boolean()), { maxLength: 4 }),
      n: fc.nat(),
    }),
    final: fc.boolean(),
    revision: fc.nat({ max: 1e15 - 1 }),
  });

const unusual: fc.Arbitrary<Written> = fc
  .tuple(written(anyTexts), fc.constantFrom({ truncated: true }, { retracted: true }, { colour: 'red' }, {}))
  .map(([row, more]) => ({ ...row, more }));

/** Bytes exchanged, left out or put in. */
const damages = fc.array(
  fc.record({
    inKey: fc.boolean(),
    place: fc.nat(),
    removed: fc.nat(2),
    put: fc.oneof(
      fc.constantFrom('"', '\\u0041', '1', '0', '-', '.0', 'e1', ' ', ',', '[', ']', '{', '}', 'null', 'x', '|'),
      fc.constantFrom('\x80', '\xff', '\xc3\xa9', '\xed\xa0\x80', '\xef\xbb\xbf', '\x00'),
    ),
  }),
  { maxLength: 2 },
);

function damaged({ key, value }: Pair, damage: typeof damages extends fc.Arbitrary<infer T> ? T : never): Pair {
  const texts = { key: Buffer.from(key).toString('latin1'), value: Buffer.from(value).toString('latin1') };
  for (const { inKey, place, removed, put } of damage) {
    const part = inKey ? 'key' : 'value';
    const at = place % (texts[part].length + 1);
    texts[part] = texts[part].slice(0, at) + put + texts[part].slice(at + removed);
  }
  return { key: Buffer.from(texts.key, 'latin1'), value: Buffer.from(texts.value, 'latin1') };
}

describe('plain results', () => {
  it('are read without parsing, and say what the general decoder says', () => {
    const plain = reader();
    fc.assert(
      fc.property(written(plainTexts), (row) => {
        const record = recordOf(grouped, row);
        expect(read(plain, record)).toEqual(decoded(record));
      }),
      { numRuns: 500 },
    );
  });

  it('are not taken for more than they are, whatever has happened to their bytes', () => {
    const plain = reader();
    fc.assert(
      fc.property(fc.oneof(written(plainTexts), unusual), damages, (row, damage) => {
        const record = damaged(recordOf(grouped, row), damage);
        const result = read(plain, record);
        if (result !== null) expect(result).toEqual(decoded(record));
      }),
      { numRuns: 5_000 },
    );
  });

  it('are what the encoder writes', () => {
    const group = encodeGroupKey(['Zoë', 12, true], grouped, schema);
    const items = new ItemValues('string');
    const name = Buffer.from('kettle');
    items.pushText(name, 0, name.length);
    const block: ResultBlock = {
      metric: grouped,
      ...WINDOW,
      final: true,
      revision: 3,
      groups: { count: 1, bytes: group, offsets: Uint32Array.of(0, group.length) },
      measures: [
        { kind: 'number', type: 'money', values: Float64Array.of(1_250) },
        { kind: 'number', type: 'double', values: Float64Array.of(0.1) },
        { kind: 'list', items, starts: Uint32Array.of(0, 1) },
        { kind: 'number', type: 'int', values: Float64Array.of(7) },
      ],
      retracted: null,
      truncated: null,
    };
    const [record] = encodeResults(block, schema);
    expect(read(reader(), record as Pair)).toMatchObject({
      group: '["Zoë",12,true]',
      measures: '["12.50",0.1,["kettle"],7]',
    });
  });

  it('of a metric without groups have one empty group', () => {
    const record = recordOf(ungrouped, { group: {}, measures: { n: 7 }, final: false, revision: 1 });
    expect(read(reader(), record)).toMatchObject({ identity: ungrouped.identity, group: '[]', measures: '[7]' });
  });

  it('of a window that nobody has told of, or of another metric, are left to the general decoder', () => {
    const row = { group: {}, measures: { n: 7 }, final: false, revision: 1 };
    const untold = new PlainResults(metrics);
    expect(read(untold, recordOf(ungrouped, row))).toBeNull();
    untold.expect({ ...WINDOW, identity: 'other@00000000', final: false });
    untold.expect({ ...WINDOW, identity: ungrouped.identity, final: true });
    expect(read(untold, recordOf(ungrouped, row))).toBeNull();
    untold.expect({ ...WINDOW, identity: ungrouped.identity, final: false });
    expect(read(untold, recordOf(ungrouped, row))).not.toBeNull();
  });

  it('are told apart when more windows take turns than are remembered', () => {
    const plain = new PlainResults(metrics);
    for (let turn = 0; turn < 300; turn++) {
      const startMs = START + (turn % 100) * 60_000;
      plain.expect({ identity: ungrouped.identity, startMs, endMs: startMs + 60_000, final: false });
      for (const at of [startMs, START]) {
        const record = recordOf(ungrouped, { group: {}, measures: { n: turn }, final: false, revision: 1 }, at);
        const result = read(plain, record);
        if (at === startMs || result !== null) expect(result).toEqual(decoded(record));
      }
    }
  });

  it.each([
    ['a closed window', encodeClosed({ metric: grouped, ...WINDOW }, 9)],
    ['a late count', encodeLateCount({ metric: grouped, ...WINDOW, count: 5, revision: 70 }, 3)],
  ])('are not %s', (_, { key, value }) => {
    expect(read(reader(), { key: key as Uint8Array, value: value as Uint8Array })).toBeNull();
  });
});
