import { once } from 'node:events';
import { credentials, loadPackageDefinition, Metadata, status } from '@grpc/grpc-js';
import type { Client, ClientDuplexStream, ServiceError } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { aKey, ringOf } from '@tillstream/doors/testing';
import { PROTO_FILES, PROTO_LOADER_OPTIONS, protoRoot } from '@tillstream/contracts';
import type { PublishResponse } from '@tillstream/contracts';
import { lineSplitter } from './testing/line-splitter';
import { MIB, startGateway, WRITE_KEY } from './testing/running-gateway';
import type { RunningGateway } from './testing/running-gateway';

interface Request {
  readonly stream?: string;
  readonly payload?: Buffer;
  readonly contentType?: string;
  readonly idempotencyKey?: string;
}
interface IngestClient extends Client {
  publish(
    request: Request,
    metadata: Metadata,
    callback: (error: ServiceError | null, response: PublishResponse) => void,
  ): void;
  publishStream(metadata: Metadata): ClientDuplexStream<Request, PublishResponse>;
}

const STREAM = { name: 'shop', rawTopic: 'shop.raw.v1', splitter: lineSplitter };
const definition = loadSync(PROTO_FILES.ingest, { ...PROTO_LOADER_OPTIONS, includeDirs: [protoRoot()] });
const { tillstream } = loadPackageDefinition(definition) as unknown as {
  tillstream: { ingest: { v1: { IngestService: new (...args: unknown[]) => IngestClient } } };
};

const aBody = (text: string, more: Request = {}): Request => ({ stream: 'shop', payload: Buffer.from(text), ...more });
function withKey(key: string | null = WRITE_KEY): Metadata {
  const metadata = new Metadata();
  if (key !== null) metadata.set('authorization', `Bearer ${key}`);
  return metadata;
}

let gateway: RunningGateway;
let client: IngestClient;

async function start(config: Parameters<typeof startGateway>[1] = {}): Promise<void> {
  gateway = await startGateway([STREAM], config);
  client = new tillstream.ingest.v1.IngestService(`127.0.0.1:${gateway.grpcPort}`, credentials.createInsecure());
}
afterEach(async () => {
  client.close();
  await gateway.close();
});

const publish = (request: Request, metadata = withKey()): Promise<PublishResponse> =>
  new Promise((resolve, reject) =>
    client.publish(request, metadata, (error, response) => (error === null ? resolve(response) : reject(error))),
  );

/** Sends all bodies at once and gathers the answers. */
async function publishAll(requests: readonly Request[], metadata = withKey()): Promise<PublishResponse[]> {
  const call = client.publishStream(metadata);
  for (const request of requests) call.write(request);
  call.end();
  const responses: PublishResponse[] = [];
  for await (const response of call as AsyncIterable<PublishResponse>) responses.push(response);
  return responses;
}

describe('Publish', () => {
  it('answers OK once the log has the accepted events, with those it returns', async () => {
    await start();
    expect(await publish(aBody('[{"k":1},{"x":2}]'))).toEqual({
      accepted: 1,
      rejected: [{ index: 1, code: 'no-key', path: 'k', message: 'k is missing' }],
      code: status.OK,
      message: '',
      retryAfterMs: 0,
      furtherRejected: [],
    });
    expect(gateway.writer.appended).toHaveLength(1);
  });

  it('answers OK also when none was acceptable', async () => {
    await start();
    const { accepted, rejected, code } = await publish(aBody('{"x":2}'));
    expect([accepted, rejected.length, code]).toEqual([0, 1, status.OK]);
  });

  it('takes lines, and is the same as HTTP about idempotency', async () => {
    await start();
    const body = aBody('{"k":1}\n{"k":1}', { contentType: 'application/x-ndjson', idempotencyKey: 'a' });
    expect((await publish(body)).accepted).toBe(2);
    await publish(body);
    const [first, second] = gateway.writer.appended.map(({ records }) => records[0]!.headers!['tillstream-batch-id']);
    expect(second).toEqual(first);
  });

  it.each<[string, Request, Metadata, number]>([
    ['UNAUTHENTICATED', aBody('{"k":1}'), withKey(null), status.UNAUTHENTICATED],
    ['UNAUTHENTICATED for another key', aBody('{"k":1}'), withKey('nope-nope'), status.UNAUTHENTICATED],
    ['PERMISSION_DENIED', aBody('{"k":1}'), withKey('other-key-2'), status.PERMISSION_DENIED],
    ['NOT_FOUND', aBody('{"k":1}', { stream: 'nope' }), withKey(), status.NOT_FOUND],
    ['INVALID_ARGUMENT for what is not JSON', aBody('{"k":'), withKey(), status.INVALID_ARGUMENT],
    ['INVALID_ARGUMENT for nothing', aBody(''), withKey(), status.INVALID_ARGUMENT],
    [
      'INVALID_ARGUMENT for another type',
      aBody('<k/>', { contentType: 'text/xml' }),
      withKey(),
      status.INVALID_ARGUMENT,
    ],
    [
      'INVALID_ARGUMENT for too large a body',
      { stream: 'shop', payload: Buffer.alloc(8 * MIB + 1, ' ') },
      withKey(),
      status.INVALID_ARGUMENT,
    ],
    [
      'RESOURCE_EXHAUSTED for one far too large',
      { stream: 'shop', payload: Buffer.alloc(10 * MIB, ' ') },
      withKey(),
      status.RESOURCE_EXHAUSTED,
    ],
  ])('answers %s, keeps nothing of it, and takes the next body', async (_name, request, metadata, code) => {
    await start();
    await expect(publish(request, metadata)).rejects.toMatchObject({ code });
    expect(gateway.writer.appended).toEqual([]);
    expect((await publish(aBody('{"k":1}'))).accepted).toBe(1);
  });

  it('answers UNAVAILABLE with a delay when the log fails', async () => {
    await start();
    gateway.writer.fail();
    const error = await publish(aBody('{"k":1}')).catch((caught: ServiceError) => caught);
    expect(error).toMatchObject({ code: status.UNAVAILABLE });
    expect((error as ServiceError).metadata.get('grpc-retry-pushback-ms')).toEqual(['1500']);
  });

  it('answers RESOURCE_EXHAUSTED with a delay when too much is in flight', async () => {
    await start({ maxInFlightBytes: 8 * MIB });
    gateway.writer.hang();
    const large = aBody(`{"k":1,"pad":"${'x'.repeat(5 * MIB)}"}`);
    const taken = publish(large);
    await until(() => gateway.writer.waiting === 1);
    const error = await publish(large).catch((caught: ServiceError) => caught);
    expect(error).toMatchObject({ code: status.RESOURCE_EXHAUSTED });
    expect((error as ServiceError).metadata.get('grpc-retry-pushback-ms')).toEqual(['1500']);
    gateway.writer.ack();
    expect((await taken).accepted).toBe(1);
  });
});

describe('PublishStream', () => {
  it('answers every body, in order, and does not end for a bad one', async () => {
    await start();
    const responses = await publishAll([
      aBody('{"k":1}'),
      aBody('{"k":'),
      aBody('{"k":1}', { stream: 'nope' }),
      aBody('[{"k":1},{"k":2}]'),
      aBody(''),
      aBody('{"x":1}'),
    ]);
    expect(responses.map(({ code, accepted, rejected }) => [code, accepted, rejected.length])).toEqual([
      [status.OK, 1, 0],
      [status.INVALID_ARGUMENT, 0, 1],
      [status.NOT_FOUND, 0, 0],
      [status.OK, 2, 0],
      [status.INVALID_ARGUMENT, 0, 1],
      [status.OK, 0, 1],
    ]);
  });

  it('answers in order also when the log does not', async () => {
    await start();
    gateway.writer.hang();
    const responses = publishAll([aBody('[{"k":1},{"k":1}]'), aBody('{"k":2}')]);
    await until(() => gateway.writer.waiting === 2);
    gateway.writer.ackNewest();
    await settles(() => gateway.writer.appended.length);
    gateway.writer.ack();
    expect((await responses).map(({ accepted }) => accepted)).toEqual([2, 1]);
  });

  it('says with each answer when to come again', async () => {
    await start();
    gateway.writer.fail();
    const [response] = await publishAll([aBody('{"k":1}')]);
    expect(response).toMatchObject({ code: status.UNAVAILABLE, retryAfterMs: 1500 });
  });

  it('ends with UNAUTHENTICATED for who has no key', async () => {
    await start();
    await expect(publishAll([aBody('{"k":1}')], withKey(null))).rejects.toMatchObject({ code: status.UNAUTHENTICATED });
  });

  it('looks at the key of each body: a stream does not outlive the right to it', async () => {
    const keys = ringOf([]);
    keys.replace([aKey({ key: WRITE_KEY })]);
    const compared = jest.spyOn(keys, 'shown');
    gateway = await startGateway([STREAM], {}, { keys });
    client = new tillstream.ingest.v1.IngestService(`127.0.0.1:${gateway.grpcPort}`, credentials.createInsecure());
    const call = client.publishStream(withKey());
    const answers = (call as AsyncIterable<PublishResponse>)[Symbol.asyncIterator]();
    call.write(aBody('{"k":1}'));
    expect((await answers.next()).value).toMatchObject({ code: status.OK });
    keys.replace([]);
    call.write(aBody('{"k":1}'));
    expect((await answers.next()).value).toMatchObject({ code: status.UNAUTHENTICATED, accepted: 0 });
    call.end();
    expect(gateway.writer.appended).toHaveLength(1);
    expect(compared).toHaveBeenCalledTimes(1);
  });

  it('tells who sends more events than the key allows when to come again', async () => {
    const keys = ringOf([{ key: WRITE_KEY, name: 'shop', eventsPerSecond: 2 }]);
    gateway = await startGateway([STREAM], {}, { keys });
    client = new tillstream.ingest.v1.IngestService(`127.0.0.1:${gateway.grpcPort}`, credentials.createInsecure());
    await publish(aBody('[{"k":1},{"x":1},{"k":1},{"k":1},{"k":1},{"k":1},{"k":1},{"k":1}]'));
    const [response] = await publishAll([aBody('{"k":1}')]);
    expect(response).toMatchObject({ code: status.RESOURCE_EXHAUSTED, accepted: 0 });
    expect(response!.retryAfterMs).toBeGreaterThan(2_000);
    await expect(publish(aBody('{"k":1}'))).rejects.toMatchObject({ code: status.RESOURCE_EXHAUSTED });
    const metrics = await (await fetch(`${gateway.url}/metrics`)).text();
    expect(metrics).toMatch(
      /^tillstream_refused_requests_total\{door="grpc",code="rate_limited",service="gateway"\} 2$/m,
    );
  });

  it('reads no further than a few unanswered bodies', async () => {
    await start();
    gateway.writer.hang();
    const call = client.publishStream(withKey());
    let answers = 0;
    call.on('data', () => answers++);
    const pad = 'x'.repeat(100_000);
    let sent = 0;
    for (; sent < 50; sent++) call.write(aBody(`{"k":1,"pad":"${pad}"}`));
    await until(() => gateway.writer.waiting === 4);
    await settles(() => gateway.writer.waiting);
    expect([gateway.writer.waiting, answers]).toEqual([4, 0]);

    gateway.writer.ack();
    call.end();
    await once(call, 'end');
    expect(answers).toBe(50);
  });

  it('answers what it has begun when the service stops, and sends the client elsewhere with the rest', async () => {
    await start();
    gateway.writer.hang();
    const call = client.publishStream(withKey());
    const answers: number[] = [];
    call.on('data', ({ accepted }: PublishResponse) => answers.push(accepted));
    const ended = once(call, 'error');
    call.write(aBody('[{"k":1},{"k":1}]'));
    await until(() => gateway.writer.waiting === 1);
    const closed = gateway.close();
    await settles(() => gateway.writer.waiting);
    call.write(aBody('{"k":1}'));
    await settles(() => gateway.writer.waiting);
    gateway.writer.ack();
    const [error] = (await ended) as [ServiceError];
    await closed;
    expect([answers, error.code, error.metadata.get('grpc-retry-pushback-ms')]).toEqual([
      [2],
      status.UNAVAILABLE,
      ['0'],
    ]);
    expect(gateway.writer.appended).toHaveLength(1);
  });

  it('lets go of a client that leaves in the middle', async () => {
    await start();
    gateway.writer.hang();
    const call = client.publishStream(withKey());
    call.on('error', () => {}).on('data', () => {});
    call.write(aBody('{"k":1}'));
    await until(() => gateway.writer.waiting === 1);
    call.cancel();
    gateway.writer.ack();
    expect((await publish(aBody('{"k":1}'))).accepted).toBe(1);
    expect(gateway.log.filter((line) => line.includes('call_failed'))).toEqual([]);
  });
});

/** Waits until the value has not changed over many turns of the event loop. */
async function settles(value: () => number): Promise<void> {
  let last = -1;
  for (let quiet = 0; quiet < 500; quiet++) {
    if (value() !== last) quiet = 0;
    last = value();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}
