import type { ByteStrings, FieldType, MeasureColumn, MetricDefinition, ResultBlock } from '@tillstream/core';
import { ItemValues, encodeGroupKey } from '@tillstream/core';
import fc from 'fast-check';
import { definitionFrom } from '../testing';
import { decodeMetricsRecord } from './decode-metrics-record';
import {
  encodeBackfill,
  encodeClosed,
  encodeLateCount,
  encodeProgress,
  encodeProvisionalTombstones,
  encodeResults,
  encodeSpan,
} from './result-records';

const { schema, metrics } = definitionFrom(`stream: all-types
partitions: 2
key: [user]
eventTime: {field: at, outOfOrderness: 1s}
money: {currency: USD}
fields:
  at: {type: timestamp}
  user: {type: string, optional: true}
  name: {type: string, optional: true}
  amount: {type: money, optional: true}
  flag: {type: bool, optional: true}
  size: {type: int, optional: true}
  ratio: {type: double, optional: true}
metrics:
  everything:
    groupBy: [name, amount, flag, size, at]
    window: {size: 1m, hop: 30s}
    measures:
      total: sum(amount)
      n: count()
      mean: avg(amount)
      ratios: sum(ratio)
      newest: max(at)
      names: collect(name)
      amounts: collect(amount)
      flags: collect(flag)
      instants: collect(at)
      best: top(3, name by sum(amount))
  ungrouped:
    window: {size: 1m}
    measures: {n: count()}
`);
const everything = metrics[0] as MetricDefinition;
const ungrouped = metrics[1] as MetricDefinition;
const START = Date.parse('2019-10-01T00:00:00.000Z');

type Scalar = string | number | boolean | null;

/** A group key as the law in group-json.ts says it, in the plainest way. */
function groupKey(values: readonly Scalar[], types: readonly FieldType[]): number[] {
  return values.flatMap((value, i) => {
    if (value === null) return [0];
    if (types[i] === 'string') {
      const utf8 = [...Buffer.from(String(value))];
      const length: number[] = [];
      for (let rest = utf8.length; ; rest = Math.floor(rest / 128)) {
        length.push(rest >= 128 ? (rest % 128) + 128 : rest);
        if (rest < 128) break;
      }
      return [1, ...length, ...utf8];
    }
    if (types[i] === 'bool') return [1, value === true ? 1 : 0];
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleLE(Number(value));
    return [1, ...bytes];
  });
}

function byteStrings(items: readonly (readonly number[])[]): ByteStrings {
  const offsets = [0];
  for (const item of items) offsets.push((offsets.at(-1) ?? 0) + item.length);
  return { count: items.length, bytes: Uint8Array.from(items.flat()), offsets: Uint32Array.from(offsets) };
}

const money = (minor: number) => {
  const cents = String(Math.abs(minor)).padStart(3, '0');
  return `${minor < 0 ? '-' : ''}${cents.slice(0, -2)}.${cents.slice(-2)}`;
};
const iso = (ms: number) => new Date(ms).toISOString();

interface Row {
  readonly group: readonly [string | null, number | null, boolean | null, number | null, number | null];
  readonly numbers: readonly [total: number, n: number, ratios: number, newest: number];
  readonly mean: string | null;
  readonly names: readonly string[];
  readonly amounts: readonly number[];
  readonly flags: readonly boolean[];
  readonly instants: readonly number[];
  readonly best: readonly (readonly [value: string, amount: number])[];
  readonly truncated: boolean;
  readonly retracted: boolean;
}

const GROUP_TYPES: readonly FieldType[] = ['string', 'money', 'bool', 'int', 'timestamp'];

function blockOf(rows: readonly Row[], final: boolean, revision: number): ResultBlock {
  const numbers = (i: 0 | 1 | 2 | 3, type: 'money' | 'int' | 'double' | 'timestamp'): MeasureColumn => ({
    kind: 'number',
    type,
    values: Float64Array.from(rows, (row) => row.numbers[i]),
  });
  return {
    metric: everything,
    startMs: START,
    endMs: START + 60_000,
    final,
    revision,
    groups: byteStrings(rows.map(({ group }) => groupKey(group, GROUP_TYPES))),
    measures: [
      numbers(0, 'money'),
      numbers(1, 'int'),
      { kind: 'decimal', texts: rows.map(({ mean }) => mean) },
      numbers(2, 'double'),
      numbers(3, 'timestamp'),
      listOf(
        'string',
        rows.map(({ names }) => names),
      ),
      listOf(
        'money',
        rows.map(({ amounts }) => amounts),
      ),
      listOf(
        'bool',
        rows.map(({ flags }) => flags),
      ),
      listOf(
        'timestamp',
        rows.map(({ instants }) => instants),
      ),
      {
        ...listOf(
          'string',
          rows.map(({ best }) => best.map(([value]) => value)),
        ),
        kind: 'ranking',
        amounts: Float64Array.from(rows.flatMap(({ best }) => best.map(([, amount]) => amount))),
        amountType: 'money',
      },
    ],
    retracted: final ? null : Uint8Array.from(rows, ({ retracted }) => Number(retracted)),
    truncated: rows.some(({ truncated }) => truncated)
      ? Uint8Array.from(rows, ({ truncated }) => Number(truncated))
      : null,
  };
}

type ListColumn = Extract<MeasureColumn, { readonly kind: 'list' }>;

function listOf(type: FieldType, lists: readonly (readonly (string | number | boolean)[])[]): ListColumn {
  const items = new ItemValues(type);
  const starts = new Uint32Array(lists.length + 1);
  lists.forEach((list, i) => {
    for (const value of list) {
      if (typeof value !== 'string') items.pushNumber(Number(value));
      else {
        const bytes = Buffer.from(value);
        items.pushText(bytes, 0, bytes.length);
      }
    }
    starts[i + 1] = items.count;
  });
  return { kind: 'list', items, starts };
}

/** What JSON.stringify makes of a row: slow, and obviously right. */
function expected(row: Row, final: boolean, revision: number): { key: string; value: string } {
  const [name, amount, flag, size, at] = row.group;
  const group = { name, amount: amount === null ? null : money(amount), flag, size, at: at === null ? null : iso(at) };
  const [total, n, ratios, newest] = row.numbers;
  const value = {
    metric: 'everything',
    definition: everything.identity.slice(-8),
    window_start: '2019-10-01T00:00:00.000Z',
    window_end: '2019-10-01T00:01:00.000Z',
    group,
    measures: {
      total: Number.isNaN(total) ? null : money(total),
      n: Number.isNaN(n) ? null : n,
      mean: row.mean,
      ratios: Number.isNaN(ratios) ? null : ratios,
      newest: Number.isNaN(newest) ? null : iso(newest),
      names: row.names,
      amounts: row.amounts.map(money),
      flags: row.flags,
      instants: row.instants.map(iso),
      best: row.best.map(([value, amount]) => ({ value, amount: Number.isNaN(amount) ? null : money(amount) })),
    },
    final,
    revision,
    ...(row.truncated ? { truncated: true } : {}),
    ...(row.retracted && !final ? { retracted: true } : {}),
  };
  return {
    key: `${final ? 'f' : 'p'}|${everything.identity}|2019-10-01T00:00:00.000Z|${JSON.stringify(group)}`,
    value: JSON.stringify(value),
  };
}

const texts = fc.string({
  unit: fc.constantFrom('a', '"', '\\', '\n', '\u0000', '\u001f', 'é', '中', '😀', '|', '\u2028'),
  maxLength: 60,
});
const minor = fc.integer({ min: -Number.MAX_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER });
const instant = fc.integer({ min: 0, max: 253_402_300_799_999 });
const nullable = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { freq: 4 });
const orNaN = (arbitrary: fc.Arbitrary<number>) => fc.oneof({ weight: 5, arbitrary }, fc.constant(NaN));
const rowArbitrary: fc.Arbitrary<Row> = fc.record({
  group: fc.tuple(nullable(texts), nullable(minor), nullable(fc.boolean()), nullable(minor), nullable(instant)),
  numbers: fc.tuple(
    orNaN(minor),
    orNaN(fc.nat()),
    orNaN(fc.double({ noNaN: true, noDefaultInfinity: true })),
    orNaN(instant),
  ),
  mean: nullable(fc.constantFrom('12.345678', '-0.000001')),
  names: fc.array(texts, { maxLength: 4 }),
  amounts: fc.array(minor, { maxLength: 3 }),
  flags: fc.array(fc.boolean(), { maxLength: 3 }),
  instants: fc.array(instant, { maxLength: 3 }),
  best: fc.array(fc.tuple(texts, orNaN(minor)), { maxLength: 3 }),
  truncated: fc.boolean(),
  retracted: fc.boolean(),
});

const textOf = (bytes: Uint8Array | null) => Buffer.from(bytes ?? []).toString('utf8');

describe('the windows that a partition has whole of a metric', () => {
  it.each([
    { fromMs: START, untilMs: Infinity },
    { fromMs: -Infinity, untilMs: START + 1 },
  ])('are read as they were written: %o', (span) => {
    const record = encodeSpan(everything, span, 3);
    expect(decodeMetricsRecord(record)).toEqual({ kind: 'span', identity: everything.identity, partition: 3, ...span });
    expect(encodeSpan(everything, span, 3)).toEqual(record);
    const backfill = encodeBackfill(everything, span, 3);
    expect(decodeMetricsRecord(backfill)).toEqual({ ...decodeMetricsRecord(record), kind: 'backfill' });
    expect(textOf(backfill.key)).toBe(`${textOf(record.key)}|backfill`);
  });
});

describe('group keys', () => {
  it('are read as the aggregator writes them', () => {
    fc.assert(
      fc.property(rowArbitrary, ({ group }) => {
        expect([...encodeGroupKey(group, everything, schema)]).toEqual(groupKey(group, GROUP_TYPES));
      }),
    );
  });
});

describe('results', () => {
  it('are what JSON.stringify would write, in declared order', () => {
    fc.assert(
      fc.property(fc.array(rowArbitrary, { maxLength: 12 }), fc.boolean(), fc.maxSafeNat(), (rows, final, revision) => {
        const records = encodeResults(blockOf(rows, final, revision), schema);
        const written = records.map(({ key, value }) => ({ key: textOf(key), value: textOf(value) }));
        expect(written).toEqual(rows.map((row) => expected(row, final, revision)));
      }),
    );
  });

  it('are read back as they were meant', () => {
    fc.assert(
      fc.property(rowArbitrary, fc.boolean(), (row, final) => {
        const [record] = encodeResults(blockOf([row], final, 12), schema);
        const { value } = expected(row, final, 12);
        const json = JSON.parse(value) as { group: object; measures: object };
        expect(decodeMetricsRecord(record ?? { key: null, value: null })).toEqual({
          kind: 'result',
          final,
          identity: everything.identity,
          metric: 'everything',
          startMs: START,
          endMs: START + 60_000,
          revision: 12,
          groupKey: JSON.stringify(json.group),
          group: json.group,
          measures: json.measures,
          truncated: row.truncated,
          retracted: row.retracted && !final,
        });
      }),
    );
  });

  it('of a metric without groups have one empty group', () => {
    const block: ResultBlock = {
      metric: ungrouped,
      startMs: START,
      endMs: START + 60_000,
      final: true,
      revision: 3,
      groups: byteStrings([[]]),
      measures: [{ kind: 'number', type: 'int', values: Float64Array.of(7) }],
      retracted: null,
      truncated: null,
    };
    const [record] = encodeResults(block, schema);
    expect(textOf(record?.key ?? null)).toBe(`f|${ungrouped.identity}|2019-10-01T00:00:00.000Z|{}`);
    expect(textOf(record?.value ?? null)).toBe(
      `{"metric":"ungrouped","definition":"${ungrouped.identity.slice(-8)}",` +
        '"window_start":"2019-10-01T00:00:00.000Z","window_end":"2019-10-01T00:01:00.000Z",' +
        '"group":{},"measures":{"n":7},"final":true,"revision":3}',
    );
  });

  it('have tombstones for their provisional keys', () => {
    fc.assert(
      fc.property(fc.array(rowArbitrary, { maxLength: 5 }), (rows) => {
        const provisional = encodeResults(blockOf(rows, false, 1), schema);
        const tombstones = encodeProvisionalTombstones(blockOf(rows, true, 2), schema);
        expect(tombstones.map(({ key }) => textOf(key))).toEqual(provisional.map(({ key }) => textOf(key)));
        for (const tombstone of tombstones) {
          expect(tombstone.value).toBeNull();
          expect(decodeMetricsRecord(tombstone)).toMatchObject({
            kind: 'tombstone',
            of: 'provisional',
            startMs: START,
          });
        }
      }),
    );
  });
});

describe('what else stands in a metrics topic', () => {
  const window = { metric: everything, startMs: START, endMs: START + 60_000 };

  it('is that a window is closed', () => {
    const record = encodeClosed(window, 9);
    expect(textOf(record.key)).toBe(`c|${everything.identity}|2019-10-01T00:00:00.000Z`);
    expect(JSON.parse(textOf(record.value))).toEqual({
      metric: 'everything',
      definition: everything.identity.slice(-8),
      window_start: '2019-10-01T00:00:00.000Z',
      window_end: '2019-10-01T00:01:00.000Z',
      closed: true,
      revision: 9,
    });
    const about = { identity: everything.identity, metric: 'everything', startMs: START, endMs: START + 60_000 };
    expect(decodeMetricsRecord(record)).toEqual({ kind: 'closed', ...about, revision: 9 });
  });

  it('is how many rows of a partition a window has missed', () => {
    const record = encodeLateCount({ ...window, count: 5, revision: 70 }, 3);
    expect(textOf(record.key)).toBe(`l|${everything.identity}|2019-10-01T00:00:00.000Z|3`);
    expect(decodeMetricsRecord(record)).toEqual({
      kind: 'late-count',
      identity: everything.identity,
      metric: 'everything',
      startMs: START,
      endMs: START + 60_000,
      partition: 3,
      count: 5,
      revision: 70,
    });
  });

  it('is how far the windows of a metric are closed', () => {
    const record = encodeProgress(everything, START, 3);
    expect(textOf(record.key)).toBe(`w|${everything.identity}|3`);
    expect(decodeMetricsRecord(record)).toEqual({
      kind: 'progress',
      identity: everything.identity,
      partition: 3,
      closedUntilMs: START,
    });
    expect(decodeMetricsRecord({ ...record, value: Buffer.from('{"partition":3}') })).toEqual({ kind: 'unknown' });
  });

  it.each([
    ['no key', null, '{}'],
    ['another key', 'hello', '{}'],
    ['a kind of later versions', 'z|m@00000000|2019-10-01T00:00:00.000Z|{}', '{}'],
    ['no instant', 'f|m@00000000|yesterday|{}', '{}'],
    ['no JSON', 'f|m@00000000|2019-10-01T00:00:00.000Z|{}', '{'],
    ['no object', 'f|m@00000000|2019-10-01T00:00:00.000Z|{}', 'null'],
    ['no values', 'f|m@00000000|2019-10-01T00:00:00.000Z|{}', '{"metric":"m","revision":1}'],
  ])('is not understood with %s', (_, key, value) => {
    expect(decodeMetricsRecord({ key: key === null ? null : Buffer.from(key), value: Buffer.from(value) })).toEqual({
      kind: 'unknown',
    });
  });
});
