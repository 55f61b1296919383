import { credentials, loadPackageDefinition, Metadata, status } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import {
  PROTO_FILES,
  PROTO_LOADER_OPTIONS,
  protoRoot,
  toTimestamp,
  type CountOpenSessionsResponse,
  type GetOpenSessionRequest,
  type GetOpenSessionResponse,
  type StreamDefinition,
} from '@tillstream/contracts';
import { definitionFrom, smallStreamFile } from '@tillstream/contracts/testing';
import { VisitTracker, partitionOf } from '@tillstream/core';
import { PartitionLog, type Row } from '@tillstream/core/testing';
import { KeyLimits, KeyRing } from '@tillstream/doors';
import { ringOf } from '@tillstream/doors/testing';
import { DefinitionHistory, trackerTask } from '@tillstream/engine';
import { ImmediateTurn, MemoryCheckpointStore, MemoryStoreData } from '@tillstream/engine/testing';
import { createKeyGate, GrpcServer, ReadKeys } from '@tillstream/nest-runtime';
import { createSessionService } from './session-service';

// Connections are involved: a busy machine may take its time.
jest.setTimeout(30_000);

const MINUTE_MS = 60_000;
const SESSIONS = `
sessions: {gap: 30m, by: [category], pageView: kind == 'view', cart: kind == 'cart', purchase: kind == 'buy'}
`;
const fileWith = (sections: string): StreamDefinition => definitionFrom(`${smallStreamFile(2)}${sections}`);
const definition = fileWith(SESSIONS);
const { NOT_FOUND, UNAVAILABLE } = status;

let store: MemoryCheckpointStore;
let live: StreamDefinition[];
let server: GrpcServer;
let client: SessionClient;

beforeEach(async () => {
  store = new MemoryCheckpointStore(new MemoryStoreData(), new ImmediateTurn(() => 0));
  live = [];
  await serve(definition);
});

afterEach(async () => {
  client.close();
  await server.stop(0);
});

async function serve(file: StreamDefinition, ring = new KeyRing(null)): Promise<void> {
  const service = createSessionService({
    definitions: [file],
    store,
    readHistory: async () => new DefinitionHistory(file, live),
    keys: new ReadKeys(ring, () => 0),
    onUnexpected: (method, error) => {
      throw new Error(`${method} failed`, { cause: error });
    },
  });
  server = new GrpcServer({
    ...{ host: '127.0.0.1', port: 0, protoRoot: protoRoot(), protoFiles: [PROTO_FILES.sessions] },
    services: [service],
    interceptors: [createKeyGate({ ring, limits: new KeyLimits(), nowMs: () => 0, monotonicMs: () => 0 })],
  });
  client = new SessionClient(await server.start());
}

const text = new TextEncoder();
const partitionOfUser = (user: string): number => {
  const key = text.encode(user);
  return partitionOf(key, 0, key.length, 2);
};

const visit = (user: string, minute: number, kind: string, more: Row = {}): Row => ({
  ...{ id: `${user}${minute}`, at: minute * MINUTE_MS, user, kind },
  ...more,
});

/** What a tracker commits when it has read these rows of a partition, one a raw record. */
async function track(file: StreamDefinition, partition: number, rows: readonly Row[]): Promise<VisitTracker> {
  const entries = rows.map((row, offset) => ({ offset, appendMs: (row['at'] as number) + 5, rows: [row] }));
  const log = new PartitionLog(file.schema, partition, entries);
  const tracker = VisitTracker.create(
    {
      ...{ schema: file.schema, partition, sessions: file.sessions ?? null, attribution: null },
      tails: { sessions: null, attribution: null },
    },
    { next: 0, before: { ...log.before(0), definition: file.sha256 }, sinceMs: -Infinity },
  );
  const batch = log.batch(0, entries.length);
  tracker.apply({ ...batch, after: { ...batch.after, definition: file.sha256 } });
  const task = trackerTask(file.schema.stream, partition);
  const { state, fields } = tracker.takeDeltas();
  await store.create(task, 'token', { inc: 'inc', next: 0, seek: 0, state });
  await store.commit(task, {
    ...{ fence: { inc: 'inc', token: 'token', next: 0 }, next: tracker.next, seek: 1 },
    ...{ state, deltas: [], rewrites: [], drops: [], fields },
  });
  return tracker;
}

it('tells what is open of a user, whose partition it finds by the key, and how far it knows', async () => {
  const partition = partitionOfUser('ann');
  await track(definition, partition, [
    visit('ann', 0, 'view'),
    visit('ann', 10, 'cart', { category: 'hats', amount: 250 }),
    visit('bob', 20, 'view'),
    visit('ann', 25, 'buy', { amount: 1_250 }),
  ]);
  const { sessions, asOf } = await client.of({ user: 'ann' });
  expect(sessions).toMatchObject([
    { id: 'ann|0', part: '', events: 2, purchases: 1, closed: false, partition, start: toTimestamp(0) },
    { id: 'ann|hats|600000', part: 'hats', carts: 1, converted: false },
  ]);
  expect(asOf).toEqual({
    ...{ partition, rawNext: '4', watermark: toTimestamp(25 * MINUTE_MS) },
    appended: toTimestamp(25 * MINUTE_MS + 5),
  });
  expect((await client.of({ user: 'ann', part: 'hats' })).sessions.map(({ part }) => part)).toEqual(['hats']);
  expect((await client.of({ user: 'ann', part: 'shoes' })).sessions).toEqual([]);
});

it('tells nothing of what has been closed, though the field of the user may still stand there', async () => {
  const partition = partitionOfUser('ann');
  await track(definition, partition, [visit('ann', 0, 'view')]);
  expect((await client.of({ user: 'ann' })).sessions).toHaveLength(1);
  const task = trackerTask('small', partition);
  const later = await track(fileWith(SESSIONS), partition, [visit('ann', 0, 'view'), visit('bob', 31, 'view')]);
  // A field is dropped behind the commit that no longer needs it: as long as it is not, the state alone says so.
  const [{ next }, { state }] = [(await store.claim(task, 'other'))!, later.takeDeltas()];
  await store.commit(task, {
    ...{ fence: { inc: 'inc', token: 'other', next }, next: 2, seek: 1, state },
    ...{ deltas: [], rewrites: [], drops: [] },
  });
  expect((await client.of({ user: 'ann' })).sessions).toEqual([]);
});

it('counts what is open, by partition', async () => {
  await track(definition, 0, [visit('ann', 0, 'view'), visit('bob', 1, 'view')]);
  await track(definition, 1, [visit('eve', 0, 'view')]);
  const { count, partitions } = await client.count();
  expect(count).toBe('3');
  expect(partitions).toMatchObject([
    { count: '2', asOf: { partition: 0, rawNext: '2' } },
    { count: '1', asOf: { partition: 1, rawNext: '1' } },
  ]);
});

it('says so as long as there is no checkpoint, rather than that nothing is open', async () => {
  await track(definition, 0, [visit('ann', 0, 'view')]);
  await expect(client.count()).rejects.toMatchObject({
    code: UNAVAILABLE,
    details: expect.stringContaining('no checkpoint of partition 1 of small'),
  });
  await expect(client.of({ stream: 'large' })).rejects.toMatchObject({ code: NOT_FOUND });
});

it('reads a checkpoint by the stream file it is under, though it was started with another', async () => {
  const wider = fileWith(SESSIONS.replace('30m', '45m'));
  live = [wider];
  await track(wider, partitionOfUser('ann'), [visit('ann', 0, 'view'), visit('ann', 40, 'view')]);
  expect((await client.of({ user: 'ann' })).sessions).toMatchObject([{ events: 2 }]);
  const without = fileWith('');
  live = [without];
  await track(without, 1 - partitionOfUser('ann'), [visit('eve', 0, 'view')]);
  await expect(client.count()).rejects.toMatchObject({ code: NOT_FOUND, details: 'stream small declares no sessions' });
});

it('asks for a read key where there are any, and tells of the streams it opens', async () => {
  client.close();
  await server.stop(0);
  await serve(
    definition,
    ringOf([
      { key: 'reads-small', streams: ['small'] },
      { key: 'reads-other', streams: ['other'] },
    ]),
  );
  await track(definition, 0, [visit('ann', 0, 'view')]);
  await track(definition, 1, [visit('eve', 0, 'view')]);
  await expect(client.count()).rejects.toMatchObject({ code: status.UNAUTHENTICATED });
  await expect(client.count('Bearer reads-nothing')).rejects.toMatchObject({ code: status.UNAUTHENTICATED });
  expect(await client.count('Bearer reads-small')).toMatchObject({ count: '2' });
  await expect(client.count('Bearer reads-other')).rejects.toMatchObject({
    code: NOT_FOUND,
    details: 'there is no stream "small"; there is none',
  });
});

type Call<Request, Response> = (
  request: Partial<Request>,
  metadata: Metadata,
  callback: (error: Error | null, response: Response) => void,
) => void;

interface RawClient {
  getOpenSession: Call<GetOpenSessionRequest, GetOpenSessionResponse>;
  countOpenSessions: Call<{ readonly stream: string }, CountOpenSessionsResponse>;
  close(): void;
}

/** A client over a real connection. */
class SessionClient {
  private readonly client: RawClient;

  constructor(port: number) {
    const loaded = loadSync(PROTO_FILES.sessions, { ...PROTO_LOADER_OPTIONS, includeDirs: [protoRoot()] });
    const { tillstream } = loadPackageDefinition(loaded) as unknown as {
      tillstream: { sessions: { v1: { SessionService: new (address: string, creds: unknown) => RawClient } } };
    };
    this.client = new tillstream.sessions.v1.SessionService(`127.0.0.1:${port}`, credentials.createInsecure());
  }

  of(request: Partial<GetOpenSessionRequest>): Promise<GetOpenSessionResponse> {
    return ask((done) => this.client.getOpenSession({ stream: 'small', ...request }, new Metadata(), done));
  }

  count(authorization?: string): Promise<CountOpenSessionsResponse> {
    const metadata = new Metadata();
    if (authorization !== undefined) metadata.set('authorization', authorization);
    return ask((done) => this.client.countOpenSessions({ stream: 'small' }, metadata, done));
  }

  close(): void {
    this.client.close();
  }
}

function ask<Response>(call: (done: (error: Error | null, response: Response) => void) => void): Promise<Response> {
  return new Promise((resolve, reject) => call((error, response) => (error ? reject(error) : resolve(response))));
}
