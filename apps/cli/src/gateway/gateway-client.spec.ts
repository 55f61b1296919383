import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CliError } from '../cli-context';
import { fakeClock } from '../testing/fake-clock';
import { GatewayClient, type GatewayClientOptions, PublishInterruptedError } from './gateway-client';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

const taken: Answer = (_request, response) => void response.writeHead(202).end('{"accepted":1,"rejected":[]}');
const busy: Answer = (_request, response) => void response.writeHead(429, { 'retry-after': '7' }).end('{}');
const away: Answer = (_request, response) => void response.writeHead(503).end('no log');
const hangUp: Answer = (request) => void request.socket.destroy();

describe('the gateway client', () => {
  let server: Server;
  let answers: Answer[];
  let seen: { readonly path: string; readonly key: string | undefined; readonly body: string }[];
  let client: GatewayClient | undefined;
  const clock = fakeClock();

  beforeEach(async () => {
    answers = [];
    seen = [];
    server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        seen.push({ path: request.url ?? '', key: request.headers.authorization, body });
        (answers.shift() ?? taken)(request, response);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });

  afterEach(async () => {
    client?.close();
    await new Promise((resolve) => server.close(resolve));
  });

  function connect(options: Partial<GatewayClientOptions> = {}): GatewayClient {
    client = new GatewayClient({
      address: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
      key: 'secret',
      tls: {},
      clock,
      signal: new AbortController().signal,
      connections: 1,
      giveUpAfterMs: 60_000,
      ...options,
    });
    return client;
  }

  it('sends the body to the stream with the key', async () => {
    await expect(connect().publish('commerce', Buffer.from('{}\n'))).resolves.toEqual({ accepted: 1, rejected: [] });
    expect(seen).toEqual([{ path: '/v1/streams/commerce/events', key: 'Bearer secret', body: '{}\n' }]);
  });

  it('repeats the same bytes while the gateway is busy, away or hangs up, and pauses as asked', async () => {
    answers = [busy, away, hangUp];
    const pauses: number[] = [];
    await connect({ onRetry: (_problem, pauseMs) => pauses.push(pauseMs) }).publish('commerce', Buffer.from('{"a":1}'));
    expect(seen.map(({ body }) => body)).toEqual(['{"a":1}', '{"a":1}', '{"a":1}', '{"a":1}']);
    expect(pauses).toEqual([7_000, 400, 800]);
  });

  it('takes 400 for an answer when it says which events are bad', async () => {
    const rejected = [{ index: 0, code: 'wrong-type', path: 'price', message: 'not money' }];
    answers = [(_request, response) => void response.writeHead(400).end(JSON.stringify({ accepted: 0, rejected }))];
    await expect(connect().publish('commerce', Buffer.from('{}'))).resolves.toEqual({ accepted: 0, rejected });
  });

  it('does not try again what cannot be mended, and says what to do', async () => {
    answers = [(_request, response) => void response.writeHead(401).end('who are you')];
    await expect(connect().publish('commerce', Buffer.from('{}'))).rejects.toMatchObject({
      message: 'the gateway answered 401: who are you',
      remedy: 'Give a write key with --key or TILLSTREAM_WRITE_KEY.',
    });
    expect(seen).toHaveLength(1);
  });

  it('gives up in the end', async () => {
    answers = Array.from({ length: 50 }, () => away);
    await expect(connect({ giveUpAfterMs: 20_000 }).publish('commerce', Buffer.from('{}'))).rejects.toBeInstanceOf(
      CliError,
    );
  });

  it('makes no further attempt once interrupted', async () => {
    const stop = new AbortController();
    answers = [away];
    const interrupted = connect({ signal: stop.signal, onRetry: () => stop.abort() }).publish('s', Buffer.from('{}'));
    await expect(interrupted).rejects.toBeInstanceOf(PublishInterruptedError);
    expect(seen).toHaveLength(1);
  });
});
