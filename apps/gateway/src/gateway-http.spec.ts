import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { Readable } from 'node:stream';
import { brotliCompressSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { HEADER } from '@tillstream/contracts';
import { KeyRing } from '@tillstream/doors';
import { ringOf } from '@tillstream/doors/testing';
import { createLogger } from '@tillstream/nest-runtime';
import { lineSplitter } from './testing/line-splitter';
import { MIB, startGateway, WRITE_KEY } from './testing/running-gateway';
import type { RunningGateway } from './testing/running-gateway';

const STREAM = { name: 'shop', rawTopic: 'shop.raw.v1', splitter: lineSplitter };
const AUTHORIZATION = { authorization: `Bearer ${WRITE_KEY}` };
const JSON_BODY = { ...AUTHORIZATION, 'content-type': 'application/json' };
const PATH = '/v1/streams/shop/events';
const EVENTS = '[{"k":1},{"k":0},{"k":1}]';

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

async function post(
  gateway: RunningGateway,
  body: string | Uint8Array<ArrayBuffer>,
  headers: Record<string, string> = JSON_BODY,
  path = PATH,
): Promise<Answer> {
  const response = await fetch(`${gateway.url}${path}`, { method: 'POST', headers, body });
  return { status: response.status, headers: response.headers, body: await response.json() };
}

const valuesOf = (gateway: RunningGateway): string[] =>
  gateway.writer.appended.flatMap(({ topic, partition, records }) =>
    records.map(({ value }) => `${topic}/${partition} ${Buffer.from(value!).toString()}`),
  );
const batchIdsOf = (gateway: RunningGateway): string[] =>
  gateway.writer.appended.flatMap(({ records }) =>
    records.map(({ headers }) => Buffer.from(headers![HEADER.batchId]!).toString('hex')),
  );
const inFlight = async (gateway: RunningGateway): Promise<number> => {
  const text = await (await fetch(`${gateway.url}/metrics`)).text();
  return Number(/^tillstream_ingest_in_flight_bytes\S* (\d+)$/m.exec(text)?.[1]);
};

describe('POST /v1/streams/{stream}/events', () => {
  let gateway: RunningGateway;
  beforeAll(async () => (gateway = await startGateway([STREAM])));
  beforeEach(() => {
    gateway.writer.ack();
    gateway.writer.clear();
  });
  afterEach(async () => expect(await inFlight(gateway)).toBe(0));
  afterAll(() => gateway.close());

  it('answers 202 once every accepted event is in the log, and returns the others', async () => {
    const { status, body } = await post(gateway, '[{"k":1},{"x":9},{"k":0},{"k":1}]');
    expect(status).toBe(202);
    expect(body).toEqual({
      accepted: 3,
      rejected: [{ index: 1, code: 'no-key', path: 'k', message: 'k is missing' }],
    });
    expect(valuesOf(gateway)).toEqual(['shop.raw.v1/1 [{"k":1},{"k":1}]', 'shop.raw.v1/0 [{"k":0}]']);
  });

  it('does not answer before the log has it', async () => {
    gateway.writer.hang();
    let answered = false;
    const answer = post(gateway, EVENTS).finally(() => (answered = true));
    await until(() => gateway.writer.waiting === 2);
    await fetch(`${gateway.url}/healthz`); // a whole round trip later
    expect(answered).toBe(false);
    gateway.writer.ack();
    expect((await answer).status).toBe(202);
  });

  it.each([
    ['one object', 'application/json', '{"k":1}'],
    ['a charset', 'application/json; charset=UTF-8', '{"k":1}'],
    ['lines', 'application/x-ndjson', '{"k":1}\n{"k":1}\n'],
    ['lines with a charset', 'Application/X-NDJSON;charset="utf-8"', '{"k":1}\n{"k":1}'],
  ])('takes %s', async (_name, type, body) => {
    expect((await post(gateway, body, { ...AUTHORIZATION, 'content-type': type })).status).toBe(202);
  });

  it.each([
    ['gzip', gzipSync],
    ['br', brotliCompressSync],
    ['zstd', zstdCompressSync],
  ])('takes bodies in %s', async (encoding, compress) => {
    const { status } = await post(gateway, compress(Buffer.from(EVENTS)), {
      ...JSON_BODY,
      'content-encoding': encoding,
    });
    expect([status, valuesOf(gateway).length]).toEqual([202, 2]);
  });

  it.each<[number, string, string, Record<string, string>, string]>([
    [400, 'nothing acceptable', '[{"x":1}]', JSON_BODY, PATH],
    [400, 'no body', '', JSON_BODY, PATH],
    [400, 'no event', '[]', JSON_BODY, PATH],
    [400, 'malformed JSON', '{"k":', JSON_BODY, PATH],
    [400, 'what is not gzip', EVENTS, { ...JSON_BODY, 'content-encoding': 'gzip' }, PATH],
    [400, 'an endless Idempotency-Key', EVENTS, { ...JSON_BODY, 'idempotency-key': 'x'.repeat(256) }, PATH],
    [401, 'no key', EVENTS, { 'content-type': 'application/json' }, PATH],
    [401, 'an unknown key', EVENTS, { ...JSON_BODY, authorization: 'Bearer test-key-2' }, PATH],
    [401, 'another scheme', EVENTS, { ...JSON_BODY, authorization: `Basic ${WRITE_KEY}` }, PATH],
    [403, "another stream's key", EVENTS, { ...JSON_BODY, authorization: 'Bearer other-key-2' }, PATH],
    [404, 'an unknown stream', EVENTS, JSON_BODY, '/v1/streams/nope/events'],
    [404, 'a stream named like what every object has', EVENTS, JSON_BODY, '/v1/streams/__proto__/events'],
    [415, 'no content type', EVENTS, AUTHORIZATION, PATH],
    [415, 'another content type', EVENTS, { ...AUTHORIZATION, 'content-type': 'application/xml' }, PATH],
    [
      415,
      'another character set',
      EVENTS,
      { ...AUTHORIZATION, 'content-type': 'application/json; charset=latin1' },
      PATH,
    ],
    [415, 'another content encoding', EVENTS, { ...JSON_BODY, 'content-encoding': 'compress' }, PATH],
    [415, 'two content encodings', EVENTS, { ...JSON_BODY, 'content-encoding': 'gzip, gzip' }, PATH],
  ])('answers %i to %s, keeps nothing of it, and takes the next body', async (status, _name, body, headers, path) => {
    const answer = await post(gateway, body, headers, path);
    expect(answer.status).toBe(status);
    expect(valuesOf(gateway)).toEqual([]);
    expect(answer.body).toMatchObject(status === 400 ? { accepted: 0, rejected: expect.anything() } : { error: {} });
    expect((await post(gateway, EVENTS)).status).toBe(202);
  });

  it('says what is wrong, in the words of HTTP', async () => {
    const unauthenticated = await post(gateway, EVENTS, { 'content-type': 'application/json' });
    expect(unauthenticated.headers.get('www-authenticate')).toBe('Bearer realm="tillstream"');
    const wrongKey = await post(gateway, EVENTS, { ...JSON_BODY, authorization: 'Bearer wrong' });
    expect(wrongKey.headers.get('www-authenticate')).toBe('Bearer realm="tillstream", error="invalid_token"');
    const encoding = await post(gateway, EVENTS, { ...JSON_BODY, 'content-encoding': 'compress' });
    expect(encoding.headers.get('accept-encoding')).toBe('gzip, br, zstd');
    expect((await post(gateway, '')).body).toEqual({
      accepted: 0,
      rejected: [{ index: -1, code: 'empty-body', path: '$', message: 'the body holds no event' }],
    });
  });

  it('answers 503 when the log fails, and takes events again when it is back', async () => {
    gateway.writer.fail();
    const { status, headers, body } = await post(gateway, EVENTS);
    expect([status, headers.get('retry-after')]).toEqual([503, '2']);
    expect(body).toEqual({
      error: { code: 'unavailable', message: 'the log did not acknowledge all events: send the whole body again' },
    });
    gateway.writer.ack();
    expect((await post(gateway, EVENTS)).status).toBe(202);
    const messages = gateway.log.map((line) => (JSON.parse(line) as { message: string }).message);
    expect(messages.slice(-2)).toEqual(['log_takes_no_events', 'log_takes_events_again']);
  });

  describe('with a batch-id on each record', () => {
    const keyed = (key: string): Record<string, string> => ({ ...JSON_BODY, 'idempotency-key': key });

    it('that never comes again', async () => {
      for (let i = 0; i < 300; i++) await post(gateway, EVENTS);
      const ids = batchIdsOf(gateway);
      expect(ids.every((id) => /^[0-9a-f]{32}$/.test(id))).toBe(true);
      expect(new Set(ids).size).toBe(600);
    });

    it('that is the same when a body is sent again with its Idempotency-Key', async () => {
      await post(gateway, EVENTS, keyed('order-7'));
      await post(gateway, EVENTS, keyed('order-7'));
      const [one, zero, ...again] = batchIdsOf(gateway);
      expect(again).toEqual([one, zero]);
      expect(one).not.toBe(zero);
    });

    it('that differs for another key, and for another body under the same key', async () => {
      await post(gateway, EVENTS, keyed('order-7'));
      await post(gateway, EVENTS, keyed('order-8'));
      await post(gateway, '[{"k":1},{"k":0}]', keyed('order-7'));
      // Of the last body, only what is the same bytes has the same id: the row of partition 0.
      expect(new Set(batchIdsOf(gateway)).size).toBe(5);
    });
  });

  describe('with a body beyond 8 MiB', () => {
    const open = (headers: Record<string, string>): ClientRequest =>
      httpRequest(`${gateway.url}${PATH}`, { method: 'POST', headers: { ...JSON_BODY, ...headers } });
    const answerOf = async (request: ClientRequest): Promise<number> => {
      const [response] = (await once(request, 'response')) as [IncomingMessage];
      response.resume();
      return response.statusCode!;
    };

    it('answers 413 to its announcement', async () => {
      const request = open({ 'content-length': String(100 * MIB) });
      request.flushHeaders();
      expect(await answerOf(request)).toBe(413);
      request.on('error', () => {}).destroy();
    });

    it('does not ask a client for it that asks first', async () => {
      const request = open({ 'content-length': String(100 * MIB), expect: '100-continue' });
      let asked = false;
      request.on('continue', () => (asked = true)).flushHeaders();
      expect([await answerOf(request), asked]).toEqual([413, false]);
      request.on('error', () => {}).destroy();
    });

    it('asks a client for a good body that asks first', async () => {
      const request = open({ 'content-length': String(EVENTS.length), expect: '100-continue' });
      request.on('continue', () => request.end(EVENTS)).flushHeaders();
      expect(await answerOf(request)).toBe(202);
    });

    it('answers 413 as soon as there are too many bytes, and hangs up on who does not stop', async () => {
      const socket = connect(gateway.httpPort, '127.0.0.1');
      let answer = '';
      socket.setEncoding('latin1').on('data', (text: string) => (answer += text));
      socket.on('error', () => {}); // hung up on
      const head = [`POST ${PATH} HTTP/1.1`, 'host: x', 'transfer-encoding: chunked', 'content-type: application/json'];
      socket.write(`${head.join('\r\n')}\r\nauthorization: Bearer ${WRITE_KEY}\r\n\r\n`);
      let sent = 0;
      const body = Readable.from(
        (function* () {
          for (; sent < 100; sent++)
            yield Buffer.concat([Buffer.from('100000\r\n'), Buffer.alloc(MIB), Buffer.from('\r\n')]);
        })(),
        { objectMode: false },
      );
      body.pipe(socket);
      await new Promise((resolve) => socket.once('close', resolve));
      expect(answer).toMatch(/^HTTP\/1.1 413 /);
      expect(sent).toBeLessThan(60);
    });

    it('answers 413 to a bomb, which takes no memory', async () => {
      const bomb = gzipSync(Buffer.alloc(256 * MIB));
      const before = process.memoryUsage().rss;
      const answer = await post(gateway, bomb, { ...JSON_BODY, 'content-encoding': 'gzip' });
      expect(answer.status).toBe(413);
      expect(process.memoryUsage().rss - before).toBeLessThan(100 * MIB);
    });

    it('can be sent the next body on the same connection when little was left of the last', async () => {
      const body = Buffer.alloc(8 * MIB + 1, ' ');
      expect((await post(gateway, body)).status).toBe(413);
      expect((await post(gateway, EVENTS)).status).toBe(202);
    });
  });
});

describe('a gateway whose log does not answer', () => {
  const BODY = Buffer.from(`[{"k":0,"pad":"${'x'.repeat(5 * MIB)}"}]`);
  let gateway: RunningGateway;
  afterEach(() => gateway.close());

  it('takes no more than it has room for: 429 with Retry-After', async () => {
    gateway = await startGateway([STREAM], { maxInFlightBytes: 18 * MIB });
    gateway.writer.hang();
    const taken = [post(gateway, BODY), post(gateway, BODY), post(gateway, BODY)];
    await until(() => gateway.writer.waiting === 3);
    const refused = await post(gateway, BODY);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '2']);
    expect(await inFlight(gateway)).toBe(3 * BODY.length);

    gateway.writer.ack();
    expect((await Promise.all(taken)).map(({ status }) => status)).toEqual([202, 202, 202]);
    expect((await post(gateway, BODY)).status).toBe(202);
    expect(await inFlight(gateway)).toBe(0);
  });

  it('answers 503 in time, is not ready until the log is back, and keeps what is in flight within bounds', async () => {
    gateway = await startGateway([STREAM], { maxInFlightBytes: 18 * MIB, appendTimeoutMs: 20 });
    gateway.writer.hang();
    const answers = await Promise.all([post(gateway, BODY), post(gateway, BODY), post(gateway, BODY)]);
    expect(answers.map(({ status }) => status)).toEqual([503, 503, 503]);
    // The writer still has them: there is no room, and the reason is the log.
    expect((await post(gateway, BODY)).status).toBe(503);
    expect(gateway.writer.waiting).toBe(3);
    expect(await (await fetch(`${gateway.url}/readyz`)).json()).toEqual({
      ready: false,
      checks: { start: 'ok', log: 'the log does not acknowledge events in time' },
    });
    gateway.writer.ack();
    expect((await post(gateway, BODY)).status).toBe(202);
    expect((await fetch(`${gateway.url}/readyz`)).status).toBe(200);
    expect(await inFlight(gateway)).toBe(0);
  });

  it('answers what is in flight when it is stopped', async () => {
    gateway = await startGateway([STREAM]);
    gateway.writer.hang();
    const answer = post(gateway, EVENTS);
    await until(() => gateway.writer.waiting === 2);
    const closed = gateway.close();
    gateway.writer.ack();
    expect((await answer).status).toBe(202);
    await closed;
  });

  it('says when to come again to whoever still waits at the end of the time it has to stop', async () => {
    gateway = await startGateway([STREAM], {}, {}, { timeoutMs: 600, noticeMs: 0 });
    gateway.writer.hang();
    const answer = post(gateway, EVENTS);
    await until(() => gateway.writer.waiting === 2);
    await gateway.close();
    const { status, headers } = await answer;
    expect([status, headers.get('retry-after'), headers.get('connection')]).toEqual([503, '2', 'close']);
  });

  it('cuts off a body that does not come to its end in the time there is to stop', async () => {
    gateway = await startGateway([STREAM], {}, {}, { timeoutMs: 600, noticeMs: 0 });
    const request = httpRequest(`${gateway.url}${PATH}`, { method: 'POST', headers: JSON_BODY });
    const broken = once(request, 'error');
    request.write('[');
    while ((await inFlight(gateway)) === 0);
    await gateway.close();
    await broken;
  });
});

describe('a page in a browser', () => {
  const preflight = (gateway: RunningGateway, origin: string): Promise<Response> =>
    fetch(`${gateway.url}${PATH}`, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' },
    });
  const allowed = (answer: Response): string | null => answer.headers.get('access-control-allow-origin');

  it('may send nothing unless it is said that it may', async () => {
    const gateway = await startGateway([STREAM]);
    const asked = await preflight(gateway, 'https://shop.example');
    expect([asked.status, allowed(asked)]).toEqual([404, null]);
    const sent = await fetch(`${gateway.url}${PATH}`, {
      ...{ method: 'POST', body: EVENTS },
      headers: { ...JSON_BODY, origin: 'https://shop.example' },
    });
    expect(allowed(sent)).toBeNull();
    await gateway.close();
  });

  it('may send events when its origin is named, with a key like everybody', async () => {
    const gateway = await startGateway([STREAM], {}, {}, undefined, ['https://shop.example']);
    const asked = await preflight(gateway, 'https://shop.example');
    expect([asked.status, allowed(asked)]).toEqual([204, 'https://shop.example']);
    expect(asked.headers.get('access-control-allow-headers')).toContain('authorization');
    expect(asked.headers.get('access-control-allow-credentials')).toBeNull();
    expect(allowed(await preflight(gateway, 'https://other.example'))).toBeNull();
    const send = (headers: Record<string, string>): Promise<Response> =>
      fetch(`${gateway.url}${PATH}`, {
        method: 'POST',
        body: EVENTS,
        headers: { ...headers, origin: 'https://shop.example' },
      });
    const sent = await send(JSON_BODY);
    expect([sent.status, allowed(sent)]).toEqual([202, 'https://shop.example']);
    const refused = await send({ 'content-type': 'application/json' });
    expect([refused.status, allowed(refused)]).toEqual([401, 'https://shop.example']);
    await gateway.close();
  });
});

describe('a gateway that is started', () => {
  it('without keys takes events from everyone', async () => {
    const gateway = await startGateway([STREAM], {}, { keys: new KeyRing(null) });
    expect((await post(gateway, EVENTS, { 'content-type': 'application/json' })).status).toBe(202);
    await gateway.close();
  });

  it('tells who sends more than the key allows when to come again, before it reads the body', async () => {
    const keys = ringOf([
      { key: WRITE_KEY, name: 'shop', eventsPerSecond: 2 },
      { key: 'other-key-2', requestsPerSecond: 1 },
    ]);
    const gateway = await startGateway([STREAM], {}, { keys });
    expect((await post(gateway, '[{"k":1},{"x":1},{"k":1},{"k":1},{"k":1},{"k":1},{"k":1},{"k":1}]')).status).toBe(202);
    const { status, headers, body } = await post(gateway, EVENTS);
    expect([status, headers.get('retry-after')]).toEqual([429, '4']);
    const message = 'the key allows 2 events a second: send this again later';
    expect(body).toEqual({ error: { code: 'rate-limited', message } });
    const asOther = { ...JSON_BODY, authorization: 'Bearer other-key-2' };
    expect([(await post(gateway, EVENTS, asOther)).status, (await post(gateway, EVENTS, asOther)).status]).toEqual([
      202, 429,
    ]);
    const metrics = await (await fetch(`${gateway.url}/metrics`)).text();
    expect(metrics).toMatch(
      /^tillstream_refused_requests_total\{door="http",code="rate_limited",service="gateway"\} 2$/m,
    );
    await gateway.close();
  });

  it('tells the holder of an expired key that it has', async () => {
    const gateway = await startGateway([STREAM], {}, { keys: ringOf([{ key: WRITE_KEY, expiresMs: 1 }]) });
    const { status, headers, body } = await post(gateway, EVENTS);
    expect([status, headers.get('www-authenticate')]).toEqual([
      401,
      'Bearer realm="tillstream", error="invalid_token"',
    ]);
    expect(body).toMatchObject({ error: { message: 'the write key has expired: a new one is needed' } });
    await gateway.close();
  });

  it('refuses to start when a check finds something wrong, and says all of it', async () => {
    const startupChecks = [async () => ['shop.raw.v1: another definition'], async () => [], async () => ['no topic']];
    await expect(startGateway([STREAM], {}, { startupChecks })).rejects.toMatchObject({
      problems: ['shop.raw.v1: another definition', 'no topic'],
    });
  });

  it('takes nothing before it has found everything in order', async () => {
    let start = (): void => {};
    const check = new Promise<string[]>((resolve) => (start = () => resolve([])));
    let heard = (_httpPort: number): void => {};
    const listening = new Promise<number>((resolve) => (heard = resolve));
    const write = (line: string): void => {
      const { message, httpPort } = JSON.parse(line) as { message: string; httpPort: number };
      if (message === 'listening') heard(httpPort);
    };
    const logger = createLogger('gateway', 'info', { write });
    const starting = startGateway([STREAM], {}, { startupChecks: [() => check], logger });
    const url = `http://127.0.0.1:${await listening}`;
    const send = (): Promise<Response> => fetch(`${url}${PATH}`, { method: 'POST', headers: JSON_BODY, body: EVENTS });
    expect([(await send()).status, (await fetch(`${url}/readyz`)).status]).toEqual([503, 503]);
    start();
    const gateway = await starting;
    expect([(await send()).status, (await fetch(`${url}/readyz`)).status]).toEqual([202, 200]);
    await gateway.close();
  });

  it('carries the trace of a request to its records', async () => {
    const traceHeaders = (): Record<string, Uint8Array> => ({ traceparent: Buffer.from('00-a-b-01') });
    const gateway = await startGateway([STREAM], {}, { traceHeaders });
    await post(gateway, EVENTS);
    const headers = gateway.writer.appended[0]!.records[0]!.headers!;
    expect(Object.keys(headers).sort()).toEqual([HEADER.batchId, 'traceparent']);
    await gateway.close();
  });
});

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}
