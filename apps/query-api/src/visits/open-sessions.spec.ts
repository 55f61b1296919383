import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Authority, writePair } from '@tillstream/config/testing';
import { PROTO_FILES, protoRoot, type GetOpenSessionRequest, type GetOpenSessionResponse } from '@tillstream/contracts';
import { followClientTls, KeyLimits, readClientTls, ServerTls } from '@tillstream/doors';
import { ringOf } from '@tillstream/doors/testing';
import type { Clock } from '@tillstream/engine';
import { createKeyGate, createLogger, GrpcServer, systemClock, unaryHandler } from '@tillstream/nest-runtime';
import { TrackedSessions, type Tracker } from './open-sessions';

// Connections are involved: a busy machine may take its time.
jest.setTimeout(30_000);

describe('a session-tracker that is asked over TLS and wants a certificate and a key', () => {
  const directory = mkdtempSync(join(tmpdir(), 'tracker-'));
  const troubles: string[] = [];
  const asked: string[] = [];
  /** What an answer waits for. */
  let held: Promise<void> = Promise.resolve();
  let ours: Authority;
  let others: Authority;
  let server: GrpcServer;
  let tls: ServerTls;
  let me: Tracker;

  beforeAll(async () => {
    [ours, others] = [await Authority.create('ours'), await Authority.create('others')];
    const caFile = join(directory, 'ca.pem');
    writeFileSync(caFile, ours.pem);
    const log = createLogger('test', 'silent' as 'fatal');
    const files = { ...writePair(directory, 'server', await ours.sign('server')), clientCaFile: caFile };
    tls = new ServerTls(files, log, () => systemClock.nowMs());
    const getOpenSession = unaryHandler<GetOpenSessionRequest, GetOpenSessionResponse>(
      async ({ user }) => {
        asked.push(user);
        await held;
        return { sessions: [], asOf: null };
      },
      () => undefined,
    );
    const ring = ringOf([{ key: 'the-read-key' }]);
    server = new GrpcServer({
      ...{ host: '127.0.0.1', port: 0, protoRoot: protoRoot(), protoFiles: [PROTO_FILES.sessions], tls },
      services: [
        {
          name: 'tillstream.sessions.v1.SessionService',
          methods: { getOpenSession, countOpenSessions: getOpenSession },
        },
      ],
      interceptors: [createKeyGate({ ring, limits: new KeyLimits(), nowMs: () => 0, monotonicMs: () => 0 })],
    });
    const client = writePair(directory, 'client', await ours.sign('query-api'));
    me = {
      address: `grpcs://127.0.0.1:${await server.start()}`,
      key: 'the-read-key',
      tls: { current: readClientTls({ caFile, ...client }) },
    };
  });
  beforeEach(() => void (troubles.length = 0));
  afterAll(async () => {
    await server.stop(0);
    tls.stop();
    rmSync(directory, { recursive: true });
  });

  async function ask(tracker: Tracker): Promise<GetOpenSessionResponse | null> {
    const sessions = asking(tracker);
    const answer = await openOf(sessions);
    sessions.close();
    return answer;
  }
  const asking = (tracker: Tracker, clock: Clock = systemClock): TrackedSessions =>
    new TrackedSessions(tracker, clock, (error) => troubles.push((error as Error).message));
  const openOf = (sessions: TrackedSessions): Promise<GetOpenSessionResponse | null> =>
    sessions.of('shop', 'ann', new AbortController().signal);

  it('answers who has both', async () => {
    expect(await ask(me)).toMatchObject({ sessions: [] });
    expect([asked, troubles]).toEqual([['ann'], []]);
  });

  it('answers who has got a new certificate in the place of one that is not taken, without a restart', async () => {
    const files = {
      caFile: join(directory, 'ca.pem'),
      ...writePair(directory, 'renewed', await others.sign('query-api')),
    };
    const tls = followClientTls(files, { info: () => undefined, error: () => undefined }, 5);
    const sessions = asking({ ...me, tls });
    expect(await openOf(sessions)).toBeNull();
    const before = tls.current;
    writePair(directory, 'renewed', await ours.sign('query-api'));
    while (tls.current === before) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(await openOf(sessions)).toMatchObject({ sessions: [] });
    sessions.close();
    tls.stop();
    asked.length = 1;
  });

  it('answers who has asked on the connection of an earlier certificate', async () => {
    const tls = { current: me.tls.current };
    const patient = { ...systemClock, nowMs: () => systemClock.nowMs() + 60_000 };
    const sessions = asking({ ...me, tls }, patient);
    const { promise, resolve } = Promise.withResolvers<void>();
    held = promise;
    const earlier = openOf(sessions);
    while (asked.length < 2) await new Promise((next) => setTimeout(next, 5));
    tls.current = { ...me.tls.current };
    const later = openOf(sessions);
    while (asked.length < 3) await new Promise((next) => setTimeout(next, 5));
    resolve();
    expect(await Promise.all([earlier, later])).toMatchObject([{ sessions: [] }, { sessions: [] }]);
    expect(troubles).toEqual([]);
    sessions.close();
    asked.length = 1;
  });

  it.each<[string, (me: Tracker) => Tracker, RegExp]>([
    ['no key', (it) => ({ ...it, key: null }), /UNAUTHENTICATED: a read key is wanted/],
    ['another key', (it) => ({ ...it, key: 'another-key' }), /UNAUTHENTICATED: the read key is not known/],
    [
      'no certificate',
      (it) => ({ ...it, tls: { current: { ca: it.tls.current.ca! } } }),
      /UNAVAILABLE|DEADLINE_EXCEEDED/,
    ],
    ['no trust', (it) => ({ ...it, tls: { current: {} } }), /UNAVAILABLE|DEADLINE_EXCEEDED/],
    ['no TLS', (it) => ({ ...it, address: it.address.replace('grpcs://', '') }), /UNAVAILABLE|DEADLINE_EXCEEDED/],
  ])('tells nothing to who has %s, and it is told why', async (_name, change, trouble) => {
    expect(await ask(change(me))).toBeNull();
    expect(troubles.join()).toMatch(trouble);
    expect(asked).toEqual(['ann']);
  });
});
