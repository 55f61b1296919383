import { status } from '@grpc/grpc-js';
import { NO_ACCESS, openObjectStore, type VisitFeed } from '@tillstream/adapter-lake';
import { LakeUnderTest } from '@tillstream/adapter-lake/testing';
import {
  SESSION_INSTANT,
  feedDecoder,
  feedTables,
  fromTimestamp,
  toSessionMessage,
  toTimestamp,
  type AttributionMessage,
  type NewRecord,
  type SessionMessage,
} from '@tillstream/contracts';
import { sessionId, type AttributedPurchase, type ClosedSession } from '@tillstream/core';
import { silentTelemetry, type LogRecord } from '@tillstream/engine';
import { systemClock } from '@tillstream/nest-runtime';
import * as fc from 'fast-check';
import { getSession } from '../grpc/get-session';
import { listAttributions } from '../grpc/list-attributions';
import { listSessions } from '../grpc/list-sessions';
import { MemoryResults } from '../testing/memory-results';
import { StoredVisits } from '../testing/stored-visits';
import { attributionRecords, purchase, session, sessionRecord, visitedDefinition } from '../testing/visits';
import type { RecentRow } from '../view/recent-rows';
import type { RowView } from '../view/row-view';
import { FollowedAttributions } from '../visits/followed-attributions';
import { FollowedSessions } from '../visits/followed-sessions';
import { LakeHistories } from './lake-histories';
import { NO_HISTORIES, type Histories } from './window-history';

const definition = visitedDefinition();
const { log } = new MemoryResults(definition);
/** In their order, which is another one in UTF-16. Some have what divides an id in their name. */
const USERS = ['a', 'a|b', 'ä', '\uffe0', '🛒'];
const VALUES = ['hats', `sho"es'`];
/** Several of these are a day. */
const UNIT_S = 5 * 3_600;

/** What was ever told, and how much of it a view and a lake have. */
interface World {
  readonly sessions: readonly ClosedSession[];
  readonly purchases: readonly AttributedPurchase[];
  readonly mostRows: number;
  /** By partition: shares of the log that have expired before the view was built, and that the lake has. */
  readonly expired: readonly number[];
  readonly stored: readonly number[];
  /** When the view has given up what was appended earlier. */
  readonly sweptS: number;
}

const shares = (arbitrary: fc.Arbitrary<number>) => fc.tuple(arbitrary, arbitrary);
const user = fc.nat(USERS.length - 1);

const sessions = fc
  .uniqueArray(
    fc.record({
      ...{ user, part: fc.constantFrom(null, 'x'), start: fc.nat(30), length: fc.nat(9), isConverted: fc.boolean() },
    }),
    { maxLength: 25, selector: ({ user: who, part, start }) => `${who} ${part} ${start}` },
  )
  .map((all) =>
    all.map(({ user: who, part, start, length, isConverted }) =>
      session(USERS[who]!, start * UNIT_S, start * UNIT_S + length * 3_600, {
        ...{ part, purchases: isConverted ? 1 : 0, revenue: isConverted ? 250 : 0 },
      }),
    ),
  );
const purchases = fc
  .array(fc.record({ user, at: fc.nat(30), views: fc.nat(3), on: fc.constantFrom(...VALUES) }), { maxLength: 15 })
  .map((all) =>
    all.map(({ user: who, at, views, on }, offset) =>
      purchase(
        USERS[who]!,
        at * UNIT_S,
        Array.from({ length: views }, (_, i) => 10 + i),
        { on: [on], offset: 95 + offset },
      ),
    ),
  );
const world: fc.Arbitrary<World> = fc.record({
  ...{ sessions, purchases, mostRows: fc.integer({ min: 1, max: 40 }) },
  expired: shares(fc.constantFrom(0, 0, 0.3, 0.7, 1)),
  stored: shares(fc.constantFrom(1, 1, 1, 0.9, 0.5, 0)),
  sweptS: fc.constantFrom(0, 0, 10 * UNIT_S, 20 * UNIT_S),
});
const request = fc.record({
  pageSize: fc.integer({ min: 1, max: 12 }),
  user: fc.option(fc.constantFrom(...USERS), { nil: '' }),
  from: fc.option(fc.nat(30)),
  span: fc.option(fc.integer({ min: 1, max: 30 })),
  by: fc.constantFrom(SESSION_INSTANT.start, SESSION_INSTANT.end),
  convertedOnly: fc.boolean(),
  on: fc.option(fc.constantFrom(...VALUES)),
});

type Asked = typeof request extends fc.Arbitrary<infer T> ? T : never;

/** The logs of both topics, by partition: a user's rows are in one. What was told first is told again at the end. */
function write(of: World): Readonly<Record<VisitFeed, LogRecord[][]>> {
  const logs = { sessions: [[], []] as LogRecord[][], attributions: [[], []] as LogRecord[][] };
  const append = (into: LogRecord[], timeMs: number, records: readonly NewRecord[]): void => {
    for (const { key, value } of records) {
      // Nothing is told before it has happened.
      const timestampMs = Math.max(timeMs + 1, into.at(-1)?.timestampMs ?? 0);
      into.push({ key, value, offset: into.length, timestampMs, headers: {} });
    }
  };
  for (const one of [...of.sessions, ...of.sessions.slice(0, 3)]) {
    append(logs.sessions[partitionOf(one)]!, one.endMs, [sessionRecord(definition, one)]);
  }
  for (const one of [...of.purchases, ...of.purchases.slice(0, 2)]) {
    const partition = partitionOf(one);
    append(logs.attributions[partition]!, one.timeMs, attributionRecords(definition, partition, one));
  }
  return logs;
}

const partitionOf = ({ user: who }: { readonly user: string }): number => USERS.indexOf(who) % 2;

function read<Row extends RecentRow>(view: RowView<Row>, logs: readonly LogRecord[][], of: World): void {
  logs.forEach((records, partition) => {
    const first = Math.floor(records.length * of.expired[partition]!);
    if (first > 0) view.beginAt(partition, first);
    for (let from = first; from < records.length; from += 5) view.apply(partition, records.slice(from, from + 5));
  });
  view.dropAppendedBefore(of.sweptS * 1_000);
}

const following = {
  ...{ log, clock: systemClock, tracer: silentTelemetry.tracer, maxWaitMs: 5, retryMs: 1, sweepEveryMs: 60_000 },
  onTrouble: (_: string, error: unknown) => {
    throw error;
  },
};
const asOf = { partition: 1, rawNext: '12', watermark: null, appended: null };
const tracker = { of: () => Promise.resolve({ sessions: [], asOf }), close: () => undefined };
const WHOLE = { mostRows: 100_000, expired: [0, 0], sweptS: 0 };

function viewsOf(logs: ReturnType<typeof write>, of: World) {
  const options = { ...following, mostRows: of.mostRows, tracker };
  const [ofSessions, ofPurchases] = [
    new FollowedSessions(definition, options),
    new FollowedAttributions(definition, options),
  ];
  read(ofSessions.view, logs.sessions, of);
  read(ofPurchases.view, logs.attributions, of);
  return { sessions: ofSessions, attributions: ofPurchases };
}

const never = new AbortController().signal;

/** All of an answer, page by page, and why anything may be missing. */
async function pages<Row>(
  pageSize: number,
  ask: (
    pageToken: string,
  ) => Promise<{ readonly rows: readonly Row[]; readonly nextPageToken: string; readonly historyMissing: string }>,
): Promise<{ readonly rows: Row[]; readonly missing: string }> {
  const rows: Row[] = [];
  const missing = new Set<string>();
  for (let pageToken = ''; ;) {
    const page = await ask(pageToken);
    expect(page.rows.length).toBeLessThanOrEqual(pageSize);
    rows.push(...page.rows);
    missing.add(page.historyMissing);
    if (page.nextPageToken === '') return { rows, missing: [...missing].join('') };
    pageToken = page.nextPageToken;
  }
}

function rangeOf({ from, span }: Asked) {
  const [fromS, toS] = [from === null ? null : from * UNIT_S, span === null ? null : ((from ?? 0) + span) * UNIT_S];
  return {
    from: fromS === null ? null : toTimestamp(fromS * 1_000),
    to: toS === null ? null : toTimestamp(toS * 1_000),
    has: (timeMs: number) => (fromS === null || timeMs >= fromS * 1_000) && (toS === null || timeMs < toS * 1_000),
  };
}

function allSessions(followed: FollowedSessions, histories: Histories, asked: Asked) {
  const { pageSize, user: who, by, convertedOnly } = asked;
  const { from, to } = rangeOf(asked);
  const question = { stream: 'small', user: who, by, convertedOnly, from, to, includeOpen: false, pageSize };
  return pages(pageSize, async (pageToken) => {
    const { sessions: rows, ...page } = await listSessions(followed, { ...question, pageToken }, histories, never);
    return { rows, ...page };
  });
}

function allPurchases(followed: FollowedAttributions, histories: Histories, asked: Asked) {
  const { pageSize, user: who, on } = asked;
  const { from, to } = rangeOf(asked);
  const question = { stream: 'small', user: who, on: on === null ? {} : { category: on }, from, to, pageSize };
  return pages(pageSize, async (pageToken) => {
    const { attributions: rows, ...page } = await listAttributions(
      followed,
      { ...question, pageToken },
      histories,
      never,
    );
    return { rows, ...page };
  });
}

const compareBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

/** What is to be told: all that there is, filtered and sorted. */
function expectedSessions(of: World, asked: Asked): SessionMessage[] {
  const range = rangeOf(asked);
  const instantOf = ({ startMs, endMs }: ClosedSession) => (asked.by === SESSION_INSTANT.end ? endMs : startMs);
  return of.sessions
    .filter((one) => asked.user === '' || one.user === asked.user)
    .filter((one) => !asked.convertedOnly || one.purchases > 0)
    .filter((one) => range.has(instantOf(one)))
    .sort((a, b) => instantOf(b) - instantOf(a) || compareBytes(sessionId(a), sessionId(b)))
    .map((one) => toSessionMessage(one, { partition: partitionOf(one), exponent: 2 }));
}

function expectedPurchases(of: World, asked: Asked): string[] {
  const range = rangeOf(asked);
  return of.purchases
    .filter((one) => asked.user === '' || one.user === asked.user)
    .filter(({ on }) => asked.on === null || on[0] === asked.on)
    .filter(({ timeMs }) => range.has(timeMs))
    .sort((a, b) => b.timeMs - a.timeMs || partitionOf(a) - partitionOf(b) || a.offset - b.offset)
    .map(
      (one) => `${one.user} ${one.timeMs} ${one.offset} ${one.on[0]} ${one.views.map((view) => view.offset).join()}`,
    );
}

const brief = ({ user: who, time, purchase: at, on, views }: AttributionMessage): string =>
  `${who} ${fromTimestamp(time!)} ${at!.offset} ${on['category']} ${views.map((view) => view.position!.offset).join()}`;

/** All that is to be told is, once and in order, or the answer says that it may not be all; nothing else is told in any case. */
function check<Row>(
  got: { readonly rows: readonly Row[]; readonly missing: string },
  expected: readonly Row[],
  isStored: boolean,
): void {
  if (isStored) expect(got.missing).toBe('');
  const told = new Set(got.rows.map((row) => JSON.stringify(row)));
  expect(got.rows).toEqual(got.missing === '' ? expected : expected.filter((row) => told.has(JSON.stringify(row))));
}

async function checkSeam(of: World, asked: Asked, histories: Histories, logs: ReturnType<typeof write>): Promise<void> {
  const isStored = of.stored.every((share) => share === 1);
  const small = viewsOf(logs, of);
  check(await allSessions(small.sessions, histories, asked), expectedSessions(of, asked), isStored);

  const whole = viewsOf(logs, { ...of, ...WHOLE });
  const { rows } = await allPurchases(whole.attributions, NO_HISTORIES, asked);
  expect(rows.map(brief)).toEqual(expectedPurchases(of, asked));
  check(await allPurchases(small.attributions, histories, asked), rows, isStored);

  for (const one of of.sessions.slice(0, 5)) {
    const found = getSession(small.sessions, { stream: 'small', id: sessionId(one) }, histories, never);
    const got = await found.catch((error: unknown) => error);
    const expected = { session: toSessionMessage(one, { partition: partitionOf(one), exponent: 2 }) };
    if (isStored || !(got instanceof Error)) expect(got).toEqual(expected);
    else expect(got).toMatchObject({ code: status.UNAVAILABLE });
  }
  if (!isStored) return;
  const nobody = getSession(small.sessions, { stream: 'small', id: 'a|1' }, histories, never);
  await expect(nobody).rejects.toMatchObject({ code: status.NOT_FOUND });
}

const ends = (logs: readonly LogRecord[][], { stored }: World): number[] =>
  logs.map((records, partition) => Math.floor(records.length * stored[partition]!));

function inMemory(logs: ReturnType<typeof write>, of: World): Histories {
  return {
    ...NO_HISTORIES,
    rows: (_stream, feed) => Promise.resolve(new StoredVisits(definition, feed, logs[feed], ends(logs[feed], of))),
  };
}

async function fill(lake: LakeUnderTest, logs: ReturnType<typeof write>, of: World): Promise<void> {
  const sink = lake.connect();
  await sink.prepare();
  for (const feed of ['sessions', 'attributions'] as const) {
    const [decode, next] = [feedDecoder(definition, feed), ends(logs[feed], of)];
    for (const partition of [0, 1]) {
      const records = logs[feed][partition]!.slice(0, next[partition]);
      if (records.length === 0) continue;
      const writer = await sink.open(feed, partition, feedTables(definition, feed));
      const rows = records.flatMap((record) => decode(record, partition));
      await writer.add({ from: 0, next: records.length, rows: { kind: 'rows', rows } });
      await writer.flush(() => Promise.resolve());
      await writer.close();
    }
  }
  await sink.close();
}

describe('sessions and purchases of the view and of the lake', () => {
  it('are together all that was ever told, in the same form and order, or the answer says that they are not', () =>
    fc.assert(
      fc.asyncProperty(world, request, (of, asked) => {
        const logs = write(of);
        return checkSeam(of, asked, inMemory(logs, of), logs);
      }),
      { numRuns: 150 },
    ));

  it('are so with a real lake', () =>
    fc.assert(
      fc.asyncProperty(world, fc.array(request, { minLength: 4, maxLength: 4 }), async (of, asked) => {
        const lake = await LakeUnderTest.create(definition);
        const logs = write(of);
        await fill(lake, logs, of);
        const lakes = new Map([['small', openObjectStore(lake.directory, NO_ACCESS)]]);
        const histories = new LakeHistories(lakes, { memoryBytes: 128 * 1024 * 1024, threads: 1 });
        for (const one of asked) await checkSeam(of, one, histories, logs);
        await histories.close();
        await lake.close();
      }),
      { numRuns: 5 },
    ));

  it('are asked of the lake only where the view may lack some, and say why some may be missing', async () => {
    const of: World = {
      ...WHOLE,
      ...{ sessions: Array.from({ length: 20 }, (_, i) => session('a', i * 100, i * 100 + 10)), purchases: [] },
      ...{ mostRows: 10, stored: [0.1, 1] },
    };
    const logs = write(of);
    const small = viewsOf(logs, of);
    const ask = (histories: Histories, pageSize: number) =>
      listSessions(
        small.sessions,
        {
          ...{ stream: 'small', user: '', by: SESSION_INSTANT.start, from: null, to: null, convertedOnly: false },
          ...{ includeOpen: false, pageSize, pageToken: '' },
        },
        histories,
        never,
      );
    expect((await ask(NO_HISTORIES, 5)).historyMissing).toBe('');
    expect((await ask(NO_HISTORIES, 100)).historyMissing).toMatch(
      /^sessions that ended before 1970-\S+ may be missing: the lake of small is not known here$/,
    );
    expect((await ask(inMemory(logs, of), 100)).historyMissing).toMatch(
      /may be missing: the lake has partition 0 of sessions up to 2, and the view from \d+ on$/,
    );
    const id = sessionId(of.sessions[0]!);
    const gone = (histories: Histories) => getSession(small.sessions, { stream: 'small', id }, histories, never);
    await expect(gone(NO_HISTORIES)).rejects.toMatchObject({ code: status.NOT_FOUND });
    expect((await gone(inMemory(logs, of))).session).toMatchObject({ id });
  });
});
