import {
  encodeLateRows,
  feedDecoder,
  feedTables,
  fromTimestamp,
  toTimestamp,
  type WindowResultMessage,
} from '@tillstream/contracts';
import { LakeUnderTest } from '@tillstream/adapter-lake/testing';
import { NO_ACCESS, openObjectStore } from '@tillstream/adapter-lake';
import { definitionFrom, smallStreamFile } from '@tillstream/contracts/testing';
import * as fc from 'fast-check';
import { listWindows } from '../grpc/list-windows';
import type { FollowedStream } from '../grpc/streams';
import { topGroups } from '../grpc/top-groups';
import { ServedStream } from '../results/served-stream';
import { RecordedResults } from '../testing/recorded-results';
import { StoredFinals } from '../testing/stored-finals';
import { LakeHistories } from './lake-histories';
import { NO_HISTORIES, type Histories } from './window-history';

const definition = definitionFrom(
  smallStreamFile(2).replace('measures: {total: sum(amount), orders', 'compare: [previous, 10s]\n    $&'),
);
const sales = definition.metrics[0]!;
const HOP_MS = 5_000;
const SIZE_MS = 20_000;
/** In their order, among them some that are sorted in another way by UTF-16. */
const GROUPS = [null, 'a', 'a"b', 'ab', 'ä', '\uffe0', '🛒', '🛍'];

/** A history of `sales`, and how much of it a view and a lake have. */
interface World {
  /** By window: which groups have a result, and what it is. */
  readonly windows: readonly (readonly (number | null)[])[];
  /** By window and partition: rows that it missed. */
  readonly late: readonly (readonly number[])[];
  /** The newest so many windows are open. */
  readonly open: number;
  readonly maxRows: number;
  /** By partition: shares of the log that have expired before the view was built, and that the lake has. */
  readonly expired: readonly number[];
  readonly stored: readonly number[];
}

const shares = (arbitrary: fc.Arbitrary<number>) => fc.tuple(arbitrary, arbitrary);
const world: fc.Arbitrary<World> = fc.record({
  windows: fc.array(fc.array(fc.option(fc.nat(99)), { minLength: GROUPS.length, maxLength: GROUPS.length }), {
    minLength: 1,
    maxLength: 14,
  }),
  late: fc.array(shares(fc.nat(3)), { minLength: 14, maxLength: 14 }),
  open: fc.nat(3),
  maxRows: fc.integer({ min: 1, max: 60 }),
  expired: shares(fc.constantFrom(0, 0, 0.3, 0.7)),
  stored: shares(fc.constantFrom(1, 1, 1, 0.9, 0.5, 0)),
});
const request = fc.record({
  pageSize: fc.integer({ min: 1, max: 30 }),
  from: fc.option(fc.nat(14)),
  span: fc.option(fc.integer({ min: 1, max: 14 })),
  group: fc.option(fc.constantFrom(...GROUPS)),
  finalOnly: fc.boolean(),
});

type Asked = typeof request extends fc.Arbitrary<infer T> ? T : never;

function write({ windows, late, open }: World): RecordedResults {
  const results = new RecordedResults(definition);
  windows.forEach((values, window) => {
    const startMs = window * HOP_MS;
    const isFinal = window < windows.length - open;
    for (const partition of [0, 1]) {
      const own = values.flatMap((value, index) =>
        value === null || index % 2 !== partition
          ? []
          : [
              {
                ...{ metric: 'sales', startMs, group: { category: GROUPS[index] ?? null }, final: isFinal },
                ...{ measures: { total: `${value}.50`, orders: value, average: null }, revision: value + 1 },
              },
            ],
      );
      results.write(partition, own);
      const count = late[window]![partition]!;
      if (count > 0) results.late(partition, 'sales', startMs, count);
      if (isFinal) {
        results.close(partition, 'sales', startMs);
        results.progress(partition, 'sales', startMs + SIZE_MS);
      }
    }
  });
  return results;
}

function served(results: RecordedResults, maxRows: number, expired: readonly number[]): FollowedStream {
  const stream = new ServedStream(definition, maxRows);
  results.records.forEach((records, partition) => {
    const first = Math.floor(records.length * expired[partition]!);
    stream.view.beginAt(partition, first);
    // In portions, since a view makes room behind each.
    for (let from = first; from < records.length; from += 5) stream.apply(partition, records.slice(from, from + 5));
  });
  return { stream, missing: null, ends: () => Promise.resolve(stream.view.positions) };
}

const ends = (results: RecordedResults, stored: readonly number[]): number[] =>
  results.records.map((records, partition) => Math.floor(records.length * stored[partition]!));

const never = new AbortController().signal;

async function allWindows(
  followed: FollowedStream,
  histories: Histories,
  { pageSize, from, span, group, finalOnly }: Asked,
): Promise<{ rows: WindowResultMessage[]; missing: string }> {
  const rows: WindowResultMessage[] = [];
  const missing = new Set<string>();
  for (let pageToken = ''; ;) {
    const page = await listWindows(
      followed,
      {
        ...{ stream: 'small', metric: 'sales', pageSize, pageToken, finalOnly },
        from: from === null ? null : toTimestamp(from * HOP_MS),
        to: span === null ? null : toTimestamp(((from ?? 0) + span) * HOP_MS),
        group: group === null ? {} : { category: { text: group } },
      },
      histories,
      never,
    );
    expect(page.windows.length).toBeLessThanOrEqual(pageSize);
    rows.push(...page.windows);
    missing.add(page.historyMissing);
    if (page.nextPageToken === '') return { rows, missing: [...missing].join('') };
    pageToken = page.nextPageToken;
  }
}

/**
 * Which windows can get nothing more is told by each partition's progress, and where that has expired too, and none came since,
 * nobody knows it: rows are not put beside earlier ones then.
 */
function knowsWhatIsClosed(small: FollowedStream, whole: FollowedStream, { windows }: World): boolean {
  const isTold = ({ stream }: FollowedStream, window: number) =>
    stream.view.metric(sales.identity).isTold(window * HOP_MS);
  return windows.every((_, window) => isTold(small, window) === isTold(whole, window));
}

/** The same rows. What an earlier window has changed to is `all` there, or in `some` cases not known, and never wrong. */
function expectSame(
  got: readonly WindowResultMessage[],
  expected: readonly WindowResultMessage[],
  comparisons: 'all' | 'some',
): void {
  if (comparisons === 'all') return expect(got).toEqual(expected);
  const bare = (rows: readonly WindowResultMessage[]) => rows.map((row) => ({ ...row, comparisons: [] }));
  expect(bare(got)).toEqual(bare(expected));
  const told = (rows: readonly WindowResultMessage[]) =>
    rows.map((row) => row.comparisons.map(({ with: name, change, percent }) => ({ name, change, percent })));
  const right = told(expected);
  told(got).forEach((ofRow, row) =>
    ofRow.forEach((one, index) => {
      for (const kind of ['change', 'percent'] as const) {
        for (const [measure, value] of Object.entries(one[kind])) {
          if (Object.keys(value).length > 0) expect(value).toEqual(right[row]![index]![kind][measure]);
        }
      }
    }),
  );
}

/** What a view tells that has everything is what a small one and a history tell together, or these say that it is not. */
async function checkSeam(of: World, asked: Asked, store: Store): Promise<void> {
  const results = write(of);
  const whole = served(results, 100_000, [0, 0]);
  const small = served(results, of.maxRows, of.expired);
  const histories = await store(results, of);
  const expected = await allWindows(whole, NO_HISTORIES, asked);
  const got = await allWindows(small, histories, asked);
  const keyOf = ({ start, group }: WindowResultMessage): string => JSON.stringify([start, group]);
  const seamMs = small.stream.view.seamMs(sales.identity);
  const isStored = of.stored.every((share) => share === 1);
  const comparisons = isStored && knowsWhatIsClosed(small, whole, of) ? 'all' : 'some';
  // What is open only the view knows: what it loses of that nobody has before it is final.
  const kept = (rows: readonly WindowResultMessage[]) =>
    rows.filter(({ final, start }) => final || fromTimestamp(start!) >= seamMs);
  if (got.missing === '') expectSame(kept(got.rows), kept(expected.rows), comparisons);
  expect(new Set(got.rows.map(keyOf)).size).toBe(got.rows.length);
  if (isStored) expect(got.missing).toBe('');

  const startMs = (asked.from ?? 0) * HOP_MS;
  const top = { stream: 'small', metric: 'sales', measure: 'orders', limit: 5, windowStart: toTimestamp(startMs) };
  const [topExpected, topGot] = [
    await topGroups(whole, top, NO_HISTORIES, never),
    await topGroups(small, top, histories, never),
  ];
  const isFinal = topExpected.windows.every(({ final }) => final);
  if (topGot.historyMissing === '' && isFinal) {
    expectSame(topGot.windows, topExpected.windows, comparisons);
  }
  if (isStored && of.open === 0) {
    const newest = { ...top, windowStart: null };
    const newestGot = await topGroups(small, newest, histories, never);
    const newestExpected = await topGroups(whole, newest, NO_HISTORIES, never);
    expectSame(newestGot.windows, newestExpected.windows, comparisons);
    expect({ ...newestGot, windows: [] }).toEqual({ ...newestExpected, windows: [] });
  }
}

type Store = (results: RecordedResults, of: World) => Promise<Histories>;

/** All rows that windows missed, as the late topic tells them. */
function lateRecords({ windows, late }: World, partition: number) {
  const rows = windows.flatMap((_, window) =>
    Array.from({ length: late[window]![partition]! }, (_one, index) => ({
      ...{ metric: sales, rawOffset: 1_000 + window, index, missedStartsMs: [window * HOP_MS], latenessMs: 1 },
      json: JSON.stringify({ id: 'x', at: new Date(window * HOP_MS + 3_000).toISOString() }),
    })),
  );
  return encodeLateRows(rows, partition);
}

describe('windows of the view and of the lake', () => {
  it('are together all that was ever told, in the same form and order, or the answer says that they are not', () =>
    fc.assert(
      fc.asyncProperty(world, request, (of, asked) =>
        checkSeam(of, asked, (results) => {
          const late = of.windows.map((_, window) => new Map(of.late[window]!.map((count, source) => [source, count])));
          const stored = new StoredFinals(definition, results.records, ends(results, of.stored), HOP_MS, late);
          return Promise.resolve({ ...NO_HISTORIES, windows: () => Promise.resolve(stored) });
        }),
      ),
      { numRuns: 200 },
    ));

  it('are so with a real lake', () =>
    fc.assert(
      fc.asyncProperty(world, fc.array(request, { minLength: 3, maxLength: 3 }), async (of, asked) => {
        const lake = await LakeUnderTest.create(definition);
        const sink = lake.connect();
        await sink.prepare();
        const results = write(of);
        const next = ends(results, of.stored);
        for (const partition of [0, 1]) {
          for (const feed of ['finals', 'late'] as const) {
            const decode = feedDecoder(definition, feed);
            const records =
              feed === 'finals'
                ? results.records[partition]!.slice(0, next[partition])
                : lateRecords(of, partition).map((record, offset) => ({
                    ...record,
                    offset,
                    timestampMs: 0,
                    headers: {},
                  }));
            if (records.length === 0) continue;
            const writer = await sink.open(feed, partition, feedTables(definition, feed));
            const rows = records.flatMap((record) => decode(record, partition));
            await writer.add({ from: 0, next: records.length, rows: { kind: 'rows', rows } });
            await writer.flush(() => Promise.resolve());
            await writer.close();
          }
        }
        await sink.close();
        const lakes = new Map([['small', openObjectStore(lake.directory, NO_ACCESS)]]);
        const histories = new LakeHistories(lakes, { memoryBytes: 128 * 1024 * 1024, threads: 1 });
        for (const one of asked) await checkSeam(of, one, () => Promise.resolve(histories));
        await histories.close();
        await lake.close();
      }),
      { numRuns: 5 },
    ));

  it('say why they are not all there', async () => {
    const of: World = {
      windows: Array.from({ length: 10 }, () => GROUPS.map(() => 1)),
      late: Array.from({ length: 10 }, () => [0, 0]),
      ...{ open: 0, maxRows: 20, expired: [0, 0], stored: [0.1, 1] },
    };
    const results = write(of);
    const small = served(results, of.maxRows, of.expired);
    const all = { pageSize: 100, from: null, span: null, group: null, finalOnly: false };
    const missing = async (histories: Histories) => (await allWindows(small, histories, all)).missing;
    expect(await missing(NO_HISTORIES)).toMatch(/may be missing: the lake of small is not known here/);
    const stored = new StoredFinals(definition, results.records, ends(results, of.stored), HOP_MS, []);
    const behind: Histories = { ...NO_HISTORIES, windows: () => Promise.resolve(stored) };
    expect(await missing(behind)).toMatch(
      /may be missing: the lake has partition 0 of the results up to \d+, and the view/,
    );
    const newest = { ...all, from: 9 };
    expect((await allWindows(small, NO_HISTORIES, newest)).rows).toHaveLength(GROUPS.length);
  });
});
