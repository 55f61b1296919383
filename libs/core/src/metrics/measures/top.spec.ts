import * as fc from 'fast-check';
import { ByteReader } from '../checkpoint/byte-reader';
import { ByteWriter } from '../checkpoint/byte-writer';
import type { Measure, MetricDefinition } from '../definition';
import type { FieldKeySpace } from '../groups/key-space';
import { KeySpaces } from '../groups/key-spaces';
import type { ClosedWindow } from '../output';
import { PartitionAggregator } from '../partition-aggregator';
import { rankLargest } from './ranking';
import { testSchema as schema } from '../testing/metric-arbitraries';
import { PartitionLog } from '../testing/partition-log';
import { plainResults } from '../testing/plain-results';
import { newAggregator } from '../testing/run-aggregator';
import type { RankedValue } from '../testing/window-oracle';
import { judgePartition, resultsOf } from '../testing/window-oracle';
import { TopTable, noAmounts } from './top-table';
import { WindowMerge } from '../merge/window-merge';

describe('the amounts of an owner', () => {
  const NAMES = ['a', 'bb', 'ccc', 'dddd', 'e'.repeat(30), 'f'.repeat(90)];
  /** Room for a few of them: each takes 16 bytes and its own. */
  const ROOM = 80;
  const steps = fc.array(
    fc.record({
      owner: fc.nat(1),
      name: fc.constantFrom(...NAMES),
      amount: fc.integer({ min: -3, max: 9 }),
      isSaved: fc.boolean(),
      isRestored: fc.boolean(),
    }),
    { maxLength: 60 },
  );
  const kinds = fc.constantFrom('count', 'sum', 'max' as const);

  /** What is kept, in a map: beyond the room the largest in half of it stay. */
  class Plain {
    readonly amounts = new Map<string, number>();
    truncated = false;

    constructor(private readonly by: 'count' | 'sum' | 'max') {}

    add(name: string, amount: number): void {
      const before = this.amounts.get(name);
      if (before === undefined) this.amounts.set(name, amount);
      else this.amounts.set(name, this.by === 'max' ? Math.max(before, amount) : before + amount);
      const size = (of: readonly (readonly [string, number])[]) => of.reduce((sum, [key]) => sum + key.length + 16, 0);
      if (size([...this.amounts]) <= ROOM) return;
      const ranked = [...this.amounts].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
      const tooMany = ranked.findIndex((_, i) => size(ranked.slice(0, i + 1)) > ROOM / 2);
      for (const [key] of tooMany < 0 ? [] : ranked.slice(tooMany)) this.amounts.delete(key);
      this.truncated = true;
    }
  }

  it('are those of a plain map with as much room, through what was saved and restored', () => {
    fc.assert(
      fc.property(kinds, steps, (by, life) => {
        const members = new KeySpaces(schema).field('place');
        const idOf = (name: string): number => {
          const writer = new ByteWriter();
          writer.byte(1);
          writer.text(name);
          return members.read(new ByteReader(writer.toBytes()));
        };
        const create = () => new TopTable({ by, exact: true }, members, ROOM);
        const plain = [new Plain(by), new Plain(by)];
        const saved: Uint8Array[][] = [[], []];
        let table = create();
        for (const { owner, name, amount, isSaved, isRestored } of life) {
          const number = by === 'count' ? 1 : amount;
          table.add(owner, idOf(name), number);
          plain[owner]?.add(name, number);
          if (!isSaved) continue;
          saved.forEach((deltas, each) => deltas.push(written(table, each, 'changes')));
          table.clearUnsaved();
          if (!isRestored) continue;
          const copy = create();
          saved.forEach((deltas, each) => deltas.forEach((delta) => copy.read(each, new ByteReader(delta))));
          table.release();
          table = copy;
        }
        plain.forEach(({ amounts, truncated }, owner) => {
          const list = noAmounts();
          table.listInto(owner, list);
          const listed = Array.from(list.members.subarray(0, list.count), (id, i) => [textOf(id), list.amounts[i]]);
          expect(new Map(listed as [string, number][])).toEqual(amounts);
          expect(table.isTruncated(owner)).toBe(truncated);
        });
        const held = members.size;
        table.release();
        members.sweep();
        expect([members.size, table.bytes]).toEqual([0, 0]);
        expect(held).toBeGreaterThanOrEqual(new Set(plain.flatMap(({ amounts }) => [...amounts.keys()])).size);

        function textOf(id: number): string {
          const writer = new ByteWriter();
          members.write(id, writer);
          const reader = new ByteReader(writer.toBytes());
          reader.byte();
          return reader.text();
        }
      }),
      { numRuns: 500 },
    );
  });

  it('are written in one form, whatever sums they went through', () => {
    const members = new KeySpaces(schema).field('quantity');
    const [some = 0, large = 0] = [5, 2 ** 53 - 1];
    const tables = [[some], [large, some, -large], [-large, -large, some, large, large]].map((amounts) => {
      const table = new TopTable({ by: 'sum', exact: true }, members, Infinity);
      const key = new ByteWriter();
      key.byte(1);
      key.double(7);
      for (const amount of amounts) table.add(0, members.read(new ByteReader(key.toBytes())), amount);
      return written(table, 0, 'all');
    });
    expect(new Set(tables.map((bytes) => bytes.join())).size).toBe(1);
  });

  function written(table: TopTable, owner: number, extent: 'changes' | 'all'): Uint8Array {
    const writer = new ByteWriter();
    table.write(owner, writer, extent);
    return writer.toBytes();
  }
});

const measures: readonly Measure[] = [
  { kind: 'top', name: 'busiest', field: 'place', fieldType: 'string', limit: 3, by: { kind: 'count' }, where: null },
  {
    ...{ kind: 'top', name: 'richest', field: 'place', fieldType: 'string', limit: 2, where: null },
    by: { kind: 'sum', field: 'amount', fieldType: 'money' },
  },
];

const metricOf = (groupBy: readonly string[]): MetricDefinition => ({
  name: 'best',
  identity: 'best@0',
  where: null,
  groupBy,
  window: { sizeMs: 40, hopMs: 20 },
  outOfOrdernessMs: 60,
  measures,
  having: null,
  emit: { everyMs: 250, maxPerSecond: 1000 },
  local: groupBy.includes('user'),
});

/** So long that a slice has room for three of them, and half of that for one. */
const longNames = ['a', 'b', 'c', 'd', 'e'].map((letter) => letter.repeat(150_000));
const rows = fc.array(
  fc.record({
    at: fc.nat(39),
    place: fc.constantFrom<string | null>('near', 'far', null, ...longNames),
    amount: fc.integer({ min: -5, max: 20 }),
  }),
  { minLength: 4, maxLength: 14 },
);
const cuts = fc.array(fc.nat(14), { maxLength: 4 }).map((ends) => ends.sort((a, b) => a - b));
const END = { offset: 1_000, appendMs: 1_000, rows: [], advanceToMs: 500 };

function logOf(partition: number, given: readonly { readonly at: number }[]): PartitionLog {
  const entries = given.map((row, i) => ({ offset: 2 * i, appendMs: 1_000, rows: [{ ...row, user: 'ann' }] }));
  return new PartitionLog(schema, partition, [...entries, END]);
}

/** Applies a log in batches; behind each the state is saved and restored. */
function restoredOften(metric: MetricDefinition, log: PartitionLog, ends: readonly number[]): readonly ClosedWindow[] {
  let aggregator = newAggregator(schema, [metric], log);
  const saved = [];
  const closed: ClosedWindow[] = [];
  let from = 0;
  for (const end of [...ends, log.entries.length]) {
    const to = Math.max(from, Math.min(end, log.entries.length));
    aggregator.apply(log.batch(from, to));
    from = to;
    closed.push(...aggregator.takeClosed());
    const { state, deltas } = aggregator.takeDeltas();
    saved.push(...deltas);
    const options = { schema, metrics: [metric], partition: log.partition };
    aggregator = PartitionAggregator.restore(options, { next: aggregator.next, state, deltas: saved });
  }
  return closed;
}

function appliedAtOnce(metric: MetricDefinition, log: PartitionLog): readonly ClosedWindow[] {
  const aggregator = newAggregator(schema, [metric], log);
  aggregator.apply(log.batch(0, log.entries.length));
  return aggregator.takeClosed();
}

/** Results with their texts cut short: nobody wants to read the difference of long ones. */
function shown(windows: readonly { readonly startMs: number; readonly results: ClosedWindow['results'] }[]) {
  return windows.flatMap(({ startMs, results }) => {
    return (results === null ? [] : plainResults(results, schema)).map(({ measures: of, truncated }) => ({
      startMs,
      truncated,
      busiest: (of['busiest'] as RankedValue[]).map(short),
      richest: (of['richest'] as RankedValue[]).map(short),
    }));
  });
}

const short = ({ value, amount }: RankedValue): string => `${String(value).slice(0, 4)} ${String(amount)}`;

function merged(metric: MetricDefinition, sources: readonly (readonly ClosedWindow[])[], order: 1 | -1) {
  const merge = new WindowMerge({ schema, metrics: [metric], partitions: sources.length });
  const numbered = sources.map((closed, source) => ({ closed, source }));
  for (const { closed, source } of order === 1 ? numbered : numbered.reverse()) {
    closed.forEach(({ part }, at) => part && merge.applyPart(source, part, at));
    merge.applyFrontier(source, Infinity);
  }
  return shown(merge.takeClosed());
}

describe('a top with more values than there is room for', () => {
  it('is the same however batches are cut and the state is saved', () => {
    fc.assert(
      fc.property(rows, cuts, (given, ends) => {
        const metric = metricOf(['user']);
        const log = logOf(0, given);
        expect(shown(restoredOften(metric, log, ends))).toEqual(shown(appliedAtOnce(metric, log)));
      }),
      { numRuns: 5 },
    );
  });

  it('is the same over partitions in whatever order their parts come', () => {
    fc.assert(
      fc.property(rows, rows, cuts, (first, second, ends) => {
        const metric = metricOf([]);
        const logs = [first, second].map((given, partition) => logOf(partition, given));
        const whole = logs.map((log) => appliedAtOnce(metric, log));
        const pieces = logs.map((log) => restoredOften(metric, log, ends));
        expect(merged(metric, pieces, -1)).toEqual(merged(metric, whole, 1));
      }),
      { numRuns: 3 },
    );
  });

  it('says that it left values out, and is exact where it left none out', () => {
    const metric = metricOf(['user']);
    const told = (names: readonly string[]) => {
      const log = logOf(
        0,
        names.map((place, i) => ({ at: i, place, amount: 1 })),
      );
      const { closed } = judgePartition(log, metric, schema);
      const exact = [...closed].map(([startMs, { rows: of }]) => ({ startMs, of: resultsOf(metric, schema, of) }));
      return { windows: shown(appliedAtOnce(metric, log)), exact };
    };
    const few = told(['near', 'far', 'near']);
    expect(few.windows.map(({ truncated }) => truncated)).toEqual(few.exact.map(() => false));
    expect(few.windows[0]?.busiest).toEqual(['near 2', 'far 1']);
    const many = told(['near', 'far', 'near', ...longNames]);
    expect(many.windows.every(({ truncated }) => truncated)).toBe(true);
    // What comes next is kept, but has no room in a result.
    expect(many.windows[0]?.busiest).toEqual(['near 2']);
  });
});

describe('the largest amounts', () => {
  const members = { compare: (a: number, b: number) => a - b } as FieldKeySpace;
  const sums = fc.array(fc.record({ rest: fc.constantFrom(-3, 0, 1, 5), carry: fc.constantFrom(-1, 0, 0, 0, 1) }), {
    maxLength: 40,
  });

  it('come in their order, those beyond what is exact too, and of equal ones the smaller value', () => {
    fc.assert(
      fc.property(sums, fc.nat(45), (given, most) => {
        const { order, count } = rankLargest(
          {
            count: given.length,
            members: Int32Array.from(given, (_, i) => i),
            amounts: Float64Array.from(given, ({ rest }) => rest),
            carries: Float64Array.from(given, ({ carry }) => carry),
          },
          members,
          most,
        );
        const exact = given.map(({ rest, carry }, i) => ({ i, sum: BigInt(rest) + BigInt(carry) * 2n ** 53n }));
        exact.sort((a, b) => (a.sum > b.sum ? -1 : a.sum < b.sum ? 1 : a.i - b.i));
        expect([...order.subarray(0, count)]).toEqual(exact.slice(0, most).map(({ i }) => i));
      }),
      { numRuns: 500 },
    );
  });
});
