import { status } from '@grpc/grpc-js';
import {
  SESSION_INSTANT,
  toDuration,
  toSessionMessage,
  toTimestamp,
  type AttributionMessage,
  type GetOpenSessionResponse,
  type ListSessionsRequest,
  type SessionMessage,
} from '@tillstream/contracts';
import { smallDefinition } from '@tillstream/contracts/testing';
import type { ClosedSession } from '@tillstream/core';
import { MemoryResults } from '../testing/memory-results';
import type { QueryClient } from '../testing/query-client';
import { Replica } from '../testing/replica';
import { attributionRecords, purchase, session, sessionRecord, visitedDefinition } from '../testing/visits';
import type { OpenSessions } from '../visits/open-sessions';

// Connections are involved: a busy machine may take its time.
jest.setTimeout(30_000);

const definition = visitedDefinition();
const { INVALID_ARGUMENT, NOT_FOUND, FAILED_PRECONDITION, UNAVAILABLE } = status;

let results: MemoryResults;
let replica: Replica;
let client: QueryClient;
/** What the tracker answers; null: nothing. */
let open: ((user: string) => GetOpenSessionResponse) | null;

const tracker: OpenSessions = {
  of: (_stream, user) => Promise.resolve(open === null ? null : open(user)),
  close: () => undefined,
};

async function start(): Promise<void> {
  replica = await Replica.start(results, { openSessions: tracker });
  client = replica.client();
}

beforeEach(() => {
  results = new MemoryResults(definition);
  open = () => answer([]);
});

afterEach(() => replica.stop());

function close(partition: number, ...sessions: readonly ClosedSession[]): void {
  const records = sessions.map((one) => sessionRecord(definition, one));
  results.appendTo(definition.topics.sessions, partition, records);
}

function answer(sessions: readonly SessionMessage[]): GetOpenSessionResponse {
  const known = { rawNext: '12', watermark: toTimestamp(1_000), appended: toTimestamp(2_000) };
  return { sessions, asOf: { partition: 1, ...known } };
}

function openSession(user: string, startS: number, endS: number, more: Partial<ClosedSession> = {}): SessionMessage {
  const { isCut, closedBy, ...rest } = session(user, startS, endS, more);
  expect([isCut, closedBy]).toEqual([false, 9]);
  return toSessionMessage(rest, { partition: 1, exponent: 2 });
}

async function list(request: Partial<ListSessionsRequest> = {}): Promise<string[]> {
  const ids: string[] = [];
  let pageToken = '';
  do {
    const page = await client.listSessions({ stream: 'small', ...request, pageToken });
    ids.push(...page.sessions.map(({ id, closed }) => (closed ? id : `${id} open`)));
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
  return ids;
}

describe('ListSessions', () => {
  beforeEach(async () => {
    close(0, session('ann', 0, 100), session('ann', 5_000, 5_010, { purchases: 1, revenue: 250 }));
    close(1, session('bob', 50, 60), session('eve', 10, 6_000, { part: 'tab' }));
    await start();
  });

  it('tells whole sessions, the newest first, by their start or by their end', async () => {
    const { sessions } = await client.listSessions({ stream: 'small', pageSize: 1 });
    expect(sessions).toEqual([
      toSessionMessage(session('ann', 5_000, 5_010, { purchases: 1, revenue: 250 }), { partition: 0, exponent: 2 }),
    ]);
    expect(sessions[0]).toMatchObject({ revenue: '2.50', converted: true, closed: true, duration: toDuration(10_000) });
    expect(await list()).toEqual(['ann|5000000', 'bob|50000', 'eve|tab|10000', 'ann|0']);
    expect(await list({ by: SESSION_INSTANT.end })).toEqual(['eve|tab|10000', 'ann|5000000', 'ann|0', 'bob|50000']);
  });

  it('tells those of a user, with a purchase, or of a range of time', async () => {
    expect(await list({ user: 'ann' })).toEqual(['ann|5000000', 'ann|0']);
    expect(await list({ user: 'nobody' })).toEqual([]);
    expect(await list({ convertedOnly: true })).toEqual(['ann|5000000']);
    const range = { from: toTimestamp(10_000), to: toTimestamp(5_000_000) };
    expect(await list(range)).toEqual(['bob|50000', 'eve|tab|10000']);
    const ended = { from: toTimestamp(60_000), to: toTimestamp(5_010_000) };
    expect(await list({ ...ended, by: SESSION_INSTANT.end })).toEqual(['ann|0', 'bob|50000']);
  });

  it('gives pages that neither repeat nor skip, whatever comes meanwhile', async () => {
    const first = await client.listSessions({ stream: 'small', pageSize: 2 });
    close(0, session('new', 9_000, 9_001));
    close(1, session('bob', 50, 60));
    const second = await client.listSessions({ stream: 'small', pageSize: 2, pageToken: first.nextPageToken });
    const ids = [...first.sessions, ...second.sessions].map(({ id }) => id);
    expect(ids).toEqual(['ann|5000000', 'bob|50000', 'eve|tab|10000', 'ann|0']);
    expect(second.nextPageToken).toBe('');
    const { nextPageToken: pageToken } = first;
    await expect(client.listSessions({ stream: 'small', user: 'ann', pageToken })).rejects.toMatchObject({
      code: INVALID_ARGUMENT,
    });
  });

  it('puts the open ones of a user before those that are over, on the first page', async () => {
    open = () => answer([openSession('ann', 9_000, 9_100)]);
    expect(await list({ user: 'ann', includeOpen: true, pageSize: 1 })).toEqual([
      ...['ann|9000000 open', 'ann|5000000', 'ann|0'],
    ]);
    expect(await list({ user: 'ann', includeOpen: true, convertedOnly: true })).toEqual(['ann|5000000']);
    expect(await list({ user: 'ann', includeOpen: true, to: toTimestamp(9_000_000) })).toEqual([
      ...['ann|5000000', 'ann|0'],
    ]);
    const { openAsOf } = await client.listSessions({ stream: 'small', user: 'ann', includeOpen: true });
    expect(openAsOf).toMatchObject({ partition: 1, rawNext: '12', watermark: toTimestamp(1_000) });
  });

  it('tells each once, though it is closed while the question is under way', async () => {
    open = () => {
      // Its record stands in the topic before the tracker forgets it.
      close(1, session('ann', 9_000, 9_200));
      return answer([openSession('ann', 9_000, 9_100)]);
    };
    expect(await list({ user: 'ann', includeOpen: true })).toEqual(['ann|9000000', 'ann|5000000', 'ann|0']);
    open = () => {
      close(1, session('ann', 20_000, 20_200));
      return answer([]);
    };
    expect((await list({ user: 'ann', includeOpen: true }))[0]).toBe('ann|20000000');
    open = () => answer([openSession('ann', 20_000, 20_100, { part: 'tab' })]);
    expect((await list({ user: 'ann', includeOpen: true }))[0]).toBe('ann|tab|20000000 open');
  });

  it('reads on while it stops: who has asked before may wait for what is to come', async () => {
    await replica.drain();
    // The first of them may be in a read that was under way.
    for (const user of ['one', 'two']) {
      close(1, session(user, 900, 910));
      while ((await list({ user })).length === 0);
    }
  });

  it('tells those that are over, and says that it knows no more, when no tracker answers', async () => {
    open = null;
    const answered = await client.listSessions({ stream: 'small', user: 'ann', includeOpen: true });
    expect(answered).toMatchObject({ openSessionsUnknown: true, openAsOf: null });
    expect(answered.sessions).toHaveLength(2);
    const notAsked = await client.listSessions({ stream: 'small', user: 'ann' });
    expect(notAsked.openSessionsUnknown).toBe(false);
  });

  it('refuses what it cannot answer', async () => {
    await expect(list({ includeOpen: true })).rejects.toMatchObject({ code: INVALID_ARGUMENT });
    await expect(list({ from: toTimestamp(5), to: toTimestamp(5) })).rejects.toMatchObject({ code: INVALID_ARGUMENT });
    await expect(list({ stream: 'large' })).rejects.toMatchObject({ code: NOT_FOUND });
  });
});

describe('GetSession', () => {
  it('finds one that is over, or open, by its id', async () => {
    close(0, session('a|b', 0, 100), session('ann', 0, 100, { part: 'x|y' }));
    open = (user) => answer(user === 'joe|7' ? [openSession(user, 9, 10, { part: 'tab' })] : []);
    await start();
    const of = async (id: string): Promise<SessionMessage | null> =>
      (await client.getSession({ stream: 'small', id })).session;
    expect(await of('a|b|0')).toMatchObject({ user: 'a|b', part: '', closed: true });
    expect(await of('ann|x|y|0')).toMatchObject({ user: 'ann', part: 'x|y' });
    expect(await of('joe|7|tab|9000')).toMatchObject({ user: 'joe|7', part: 'tab', closed: false });
    await expect(of('joe|7|tab|9001')).rejects.toMatchObject({ code: NOT_FOUND });
    await expect(of('')).rejects.toMatchObject({ code: NOT_FOUND });
    open = null;
    await expect(of('joe|7|tab|9000')).rejects.toMatchObject({ code: UNAVAILABLE });
    expect(await of('a|b|0')).toMatchObject({ closed: true });
  });
});

describe('ListAbandonedCarts', () => {
  it('tells what was left behind, the newest first', async () => {
    const cart = [
      { product: '7', value: 1_250 },
      { product: '8', value: null },
    ];
    close(0, session('ann', 0, 100, { cart }), session('ann', 5_000, 5_010, { cart, purchases: 1 }));
    close(1, session('bob', 50, 160, { cart: cart.slice(1) }), session('eve', 10, 6_000));
    await start();
    const { carts } = await client.listAbandonedCarts({ stream: 'small' });
    expect(carts).toEqual([
      {
        ...{ sessionId: 'bob|50000', user: 'bob', part: '', start: toTimestamp(50_000), end: toTimestamp(160_000) },
        ...{ products: [{ product: '8', value: '' }], value: '0.00' },
      },
      {
        ...{ sessionId: 'ann|0', user: 'ann', part: '', start: toTimestamp(0), end: toTimestamp(100_000) },
        products: [
          { product: '7', value: '12.50' },
          { product: '8', value: '' },
        ],
        value: '12.50',
      },
    ]);
    const ended = { from: toTimestamp(100_000), to: toTimestamp(160_000) };
    const some = await client.listAbandonedCarts({ stream: 'small', ...ended });
    expect(some.carts.map(({ sessionId }) => sessionId)).toEqual(['ann|0']);
    expect((await client.listAbandonedCarts({ stream: 'small', user: 'eve' })).carts).toEqual([]);
  });
});

describe('ListAttributions', () => {
  const buy = (partition: number, bought: ReturnType<typeof purchase>): void =>
    results.appendTo(definition.topics.attributions, partition, attributionRecords(definition, partition, bought));

  const brief = ({ user, time, views }: AttributionMessage): string =>
    `${user} ${time?.seconds} ${views.map(({ time: viewed }) => viewed?.seconds).join(',')}`;

  beforeEach(async () => {
    buy(0, purchase('ann', 1_000, [10, 20]));
    buy(0, purchase('ann', 2_000, [], { on: ['hats'], revenue: NaN }));
    buy(1, purchase('bob', 1_000, [5]));
    await start();
  });

  it('tells purchases with all views that led to them, the newest first', async () => {
    const { attributions } = await client.listAttributions({ stream: 'small' });
    expect(attributions.map(brief)).toEqual(['ann 2000 ', 'ann 1000 990,980', 'bob 1000 995']);
    expect(attributions[1]).toEqual({
      purchase: { partition: 0, offset: '1000', index: 0 },
      ...{ user: 'ann', time: toTimestamp(1_000_000), on: { category: 'shoes' }, category: '', device: '' },
      revenue: '10.00',
      views: [
        {
          ...{ position: { partition: 0, offset: '990', index: 1 }, time: toTimestamp(990_000) },
          ...{ timeToPurchase: toDuration(10_000), lastTouch: true, share: 0.5, revenue: '5.00' },
        },
        {
          ...{ position: { partition: 0, offset: '980', index: 1 }, time: toTimestamp(980_000) },
          ...{ timeToPurchase: toDuration(20_000), lastTouch: false, share: 0.5, revenue: '5.00' },
        },
      ],
      truncated: false,
    });
    expect(attributions[0]).toMatchObject({ on: { category: 'hats' }, revenue: '', views: [] });
  });

  it('tells those of a user, of a value, or of a range of time, page by page', async () => {
    const asked = async (request: object): Promise<string[]> =>
      (await client.listAttributions({ stream: 'small', ...request })).attributions.map(brief);
    expect(await asked({ user: 'bob' })).toEqual(['bob 1000 995']);
    expect(await asked({ on: { category: 'shoes' } })).toEqual(['ann 1000 990,980', 'bob 1000 995']);
    expect(await asked({ user: 'ann', on: { category: 'shoes' } })).toEqual(['ann 1000 990,980']);
    expect(await asked({ from: toTimestamp(1_000_001) })).toEqual(['ann 2000 ']);
    const first = await client.listAttributions({ stream: 'small', pageSize: 2 });
    const rest = await client.listAttributions({ stream: 'small', pageSize: 2, pageToken: first.nextPageToken });
    expect([...first.attributions, ...rest.attributions].map(brief)).toHaveLength(3);
    expect(rest.nextPageToken).toBe('');
    await expect(asked({ on: { product: '7' } })).rejects.toMatchObject({
      code: INVALID_ARGUMENT,
      details: 'attributions of small are on category, not product',
    });
  });

  it('tells a purchase only when all of its views have been read', async () => {
    const [newest, ...others] = attributionRecords(definition, 1, purchase('zoe', 3_000, [1, 2]));
    results.appendTo(definition.topics.attributions, 1, [newest!]);
    const all = async (): Promise<string[]> =>
      (await client.listAttributions({ stream: 'small', user: 'zoe' })).attributions.map(brief);
    expect(await all()).toEqual([]);
    results.appendTo(definition.topics.attributions, 1, others);
    while ((await all()).length === 0);
    expect(await all()).toEqual(['zoe 3000 2999,2998']);
  });
});

it('questions about visits are refused for streams that declare none', async () => {
  results = new MemoryResults(smallDefinition(2));
  await start();
  await expect(client.listSessions({ stream: 'small' })).rejects.toMatchObject({
    code: FAILED_PRECONDITION,
    details: 'stream small declares no sessions',
  });
  await expect(client.listAttributions({ stream: 'small' })).rejects.toMatchObject({ code: FAILED_PRECONDITION });
});
