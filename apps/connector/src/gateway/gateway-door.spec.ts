import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { Authority } from '@tillstream/config/testing';
import type { ClientTls } from '@tillstream/doors';
import { DoorProblem, GatewayDoor } from './gateway-door';

const BODY = Buffer.from('{"a":1}\n');

describe('the gateway’s door', () => {
  let server: Server;
  let asked: IncomingMessage | undefined;
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  async function answering(status: number, text: string, headers: Record<string, string> = {}): Promise<GatewayDoor> {
    server = createServer((request, response) => {
      asked = request;
      request.resume().on('end', () => response.writeHead(status, headers).end(text));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    return new GatewayDoor({ url, key: 'secret-key', tls: { current: {} } }, 'wikimedia', () => 0);
  }

  it('takes one event a line, with a key that the same bytes have each time', async () => {
    const door = await answering(202, '{"accepted":1,"rejected":[]}');
    expect(await door.deliver(BODY)).toEqual({ accepted: 1, rejected: [] });
    const key = asked?.headers['idempotency-key'];
    expect(asked).toMatchObject({
      method: 'POST',
      url: '/v1/streams/wikimedia/events',
      headers: { 'content-type': 'application/x-ndjson', authorization: 'Bearer secret-key' },
    });
    await door.deliver(BODY);
    expect(asked?.headers['idempotency-key']).toBe(key);
    await door.deliver(Buffer.from('{"a":2}\n'));
    expect(asked?.headers['idempotency-key']).not.toBe(key);
  });

  it('shows the certificate that it has now, not the one that it had', async () => {
    const [ours, others] = [await Authority.create('ours'), await Authority.create('others')];
    const options = { ...(await ours.sign('gateway')), ca: ours.pem, requestCert: true, rejectUnauthorized: true };
    server = createSecureServer(options, (request, response) => {
      request.resume().on('end', () => response.writeHead(202).end('{"accepted":1,"rejected":[]}'));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const shown = async (by: Authority): Promise<ClientTls> => {
      const { cert, key } = await by.sign('connector');
      return { ca: Buffer.from(ours.pem), cert: Buffer.from(cert), key: Buffer.from(key) };
    };
    const tls = { current: await shown(ours) };
    const url = new URL(`https://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const door = new GatewayDoor({ url, key: null, tls }, 'wikimedia', () => 0);
    expect(await door.deliver(BODY)).toEqual({ accepted: 1, rejected: [] });
    tls.current = await shown(others);
    await expect(door.deliver(BODY)).rejects.toThrow(DoorProblem);
    tls.current = await shown(ours);
    expect(await door.deliver(BODY)).toEqual({ accepted: 1, rejected: [] });
  });

  it('carries a trace on', async () => {
    const door = await answering(202, '{"accepted":1,"rejected":[]}');
    await door.deliver(BODY, { traceparent: '00-1-2-01' });
    expect(asked?.headers).toMatchObject({ traceparent: '00-1-2-01', authorization: 'Bearer secret-key' });
  });

  it('says which events it will never take', async () => {
    const rejected = [{ index: 0, code: 'missing-field', path: 'meta.dt', message: 'the field is required' }];
    const door = await answering(400, JSON.stringify({ accepted: 0, rejected }));
    expect(await door.deliver(BODY)).toEqual({ accepted: 0, rejected });
  });

  it.each([
    [503, 'not now', { 'retry-after': '3' }, 3_000],
    [429, '', {}, null],
    [401, '{"message":"no key"}', {}, null],
    [400, 'a proxy does not like it', {}, null],
    [202, 'taken, but what?', {}, null],
  ])('wants a body again that it answers by %i %s', async (status, text, headers, retryAfterMs) => {
    const door = await answering(status, text, headers);
    const problem = await door.deliver(BODY).catch((error: unknown) => error); // prettier-ignore
    expect(problem).toBeInstanceOf(DoorProblem);
    expect(problem).toMatchObject({ message: `the gateway answered ${status}: ${text}`, retryAfterMs });
  });

  it('wants a body again that it does not answer', async () => {
    const door = await answering(202, '');
    server.close();
    await expect(door.deliver(BODY)).rejects.toThrow('the gateway does not answer: connect ECONNREFUSED');
  });
});
