import {
  toDuration,
  toSessionMessage,
  toTimestamp,
  type AttributionMessage,
  type SessionMessage,
} from '@tillstream/contracts';
import { runCli } from '../run-cli';
import { FakeQueryApi } from '../testing/fake-query-api';
import { recordingContext, type RecordingContext } from '../testing/recording-context';

// Connections are involved: a busy machine may take its time.
jest.setTimeout(30_000);

let api: FakeQueryApi;
let context: RecordingContext;

beforeEach(async () => {
  api = new FakeQueryApi();
  await api.start();
  context = recordingContext();
});

afterEach(() => api.stop());

const till = (...args: string[]): Promise<number> => runCli([...args, '--query', api.address], context);

const jsonLines = (): unknown[] =>
  context
    .output()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);

function session(user: string, startMs: number, clientSessions: readonly string[] = []): SessionMessage {
  const edge = { product: '7', category: 'shoes' };
  return toSessionMessage(
    {
      ...{ user, part: null, startMs, endMs: startMs + 90_000, events: 3, pageViews: 2, carts: 0, purchases: 1 },
      ...{ products: 1, revenue: 1_250, entry: edge, exit: { product: null, category: null } },
      ...{ device: 'phone', location: null, path: ['page_view'], clientSessions, cart: [], truncated: false },
      ...{ isCut: false, closedBy: 42 },
    },
    { partition: 1, exponent: 2 },
  );
}

describe('till sessions', () => {
  it('lists them, page by page, for people and for programs', async () => {
    api.sessions = [session('ann', 60_000), { ...session('bob', 0), closed: false }, session('eve', 0)];
    expect(await till('sessions', '--converted', '--from', '1970-01-01T00:00:00Z')).toBe(0);
    const [header, ann, bob, eve] = context.output().split('\n');
    expect(header).toMatch(/^user +start +duration +events/);
    expect(ann).toMatch(/^ann +1970-01-01T00:01:00.000Z +90s +3 +2 +0 +1 +12.50 +shoes +– +over$/);
    expect([bob, eve]).toEqual([expect.stringMatching(/^bob.* open$/), expect.stringMatching(/^eve.* over$/)]);
    expect(api.sessionsAsked[0]).toMatchObject({ convertedOnly: true, includeOpen: false, pageSize: 100 });
    context = recordingContext();
    await till('sessions', '--user', 'ann', '--open', '--limit', '2', '--json');
    expect(api.sessionsAsked.at(-1)).toMatchObject({ user: 'ann', includeOpen: true, pageSize: 2 });
    const [first] = jsonLines();
    expect(first).toMatchObject({ id: 'ann|60000', start: '1970-01-01T00:01:00.000Z', duration_ms: 90_000 });
    expect(first).toMatchObject({ device: 'phone', location: null, part: null, closed: true, closed_by: 42 });
  });

  it('says what is not known, and what may be missing', async () => {
    api.sessionsSaid = { openSessionsUnknown: true, historyMissing: 'sessions that ended before now may be missing' };
    expect(await till('sessions', '--user', 'ann', '--open')).toBe(0);
    expect(context.notes()).toContain('open sessions are not known now: no session-tracker answers');
    expect(context.notes()).toContain('sessions that ended before now may be missing');
    expect(context.notes()).toContain('there are no sessions');
    expect(await till('sessions', '--open')).toBe(1);
    expect(context.notes()).toContain('--open is about one user');
  });

  it('says where clients see sessions differently', async () => {
    api.sessions = [
      session('ann', 0, ['c1', 'c2']),
      session('ann', 9_000_000, ['c2']),
      session('bob', 0, ['c3']),
      session('eve', 0),
    ];
    expect(await till('sessions', '--compare', '--json')).toBe(0);
    expect(jsonLines()).toEqual([
      {
        ...{ users: 3, sessions: 4, client_sessions: 3, sessions_without_client: 1 },
        ...{ sessions_with_several_clients: 1, clients_in_several_sessions: 1 },
        examples: {
          joined: [{ session: 'ann|0', clients: ['c1', 'c2'] }],
          split: [{ client: 'c2', sessions: ['ann|0', 'ann|9000000'] }],
        },
      },
    ]);
    context = recordingContext();
    await till('sessions', '--compare');
    expect(context.output()).toContain('1  sessions hold several of these ids');
    expect(context.output()).toContain('c2: ann|0, ann|9000000');
  });

  it('lists what was left in carts', async () => {
    const ann = { sessionId: 'ann|0', user: 'ann', part: '', start: toTimestamp(0), end: toTimestamp(60_000) };
    api.carts = [{ ...ann, products: [{ product: '7', value: '3.20' }], value: '3.20' }];
    expect(await till('sessions', '--abandoned')).toBe(0);
    expect(context.output()).toMatch(/\nann +1970-01-01T00:01:00.000Z +3.20 +7\n/);
    context = recordingContext();
    await till('sessions', '--abandoned', '--json');
    expect(jsonLines()).toMatchObject([{ session: 'ann|0', value: '3.20', part: null }]);
  });
});

describe('till attributions', () => {
  const position = { partition: 1, offset: '7', index: 0 };
  const bought = (user: string, views: AttributionMessage['views']): AttributionMessage => ({
    ...{ purchase: position, user, time: toTimestamp(120_000), on: { product_id: '7' }, category: 'shoes' },
    ...{ device: '', revenue: '12.50', views, truncated: false },
  });
  const view = { position, time: toTimestamp(60_000), timeToPurchase: toDuration(60_000), lastTouch: true };

  it('lists purchases with what led to them, for people and for programs', async () => {
    api.attributions = [bought('ann', [{ ...view, share: 1, revenue: '12.50' }]), bought('bob', []), bought('eve', [])];
    expect(await till('attributions', '--user', 'ann', '--product', '7', '--on', 'colour=red')).toBe(0);
    const [, ann, bob] = context.output().split('\n');
    expect(ann).toMatch(/^ann +1970-01-01T00:02:00.000Z +product_id=7 +shoes +12.50 +1 +1m before$/);
    expect(bob).toMatch(/ 0 +direct$/);
    expect(api.attributionsAsked[0]).toMatchObject({ user: 'ann', on: { product_id: '7', colour: 'red' } });
    context = recordingContext();
    await till('attributions', '--limit', '1', '--json');
    expect(jsonLines()).toMatchObject([
      { user: 'ann', device: null, views: [{ time_to_purchase_ms: 60_000, last_touch: true, revenue: '12.50' }] },
    ]);
  });
});
