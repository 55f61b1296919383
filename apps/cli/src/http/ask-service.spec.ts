import { createServer as createHttp, type RequestListener, type Server } from 'node:http';
import { createServer as createHttps } from 'node:https';
import type { AddressInfo } from 'node:net';
import { Authority } from '@tillstream/config/testing';
import { isTlsProblem } from '../options/tls-options';
import { askService } from './ask-service';

const PATIENT_MS = 30_000;

describe('a question to a service', () => {
  const servers: Server[] = [];
  const answer: RequestListener = (request, response) => {
    if (request.url === '/silent') return;
    request.pipe(response.writeHead(request.method === 'PUT' ? 403 : 200));
  };

  async function started(server: Server, scheme: string, path = '/'): Promise<URL> {
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new URL(path, `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`);
  }

  afterEach(() => {
    for (const server of servers.splice(0)) server.close().closeAllConnections();
  });

  it('brings back what was answered, whatever the status, and what time it is there', async () => {
    const url = await started(createHttp(answer), 'http');
    const got = await askService(url, { method: 'PUT', body: { level: 'debug' }, tls: {}, timeoutMs: PATIENT_MS });
    expect(got).toMatchObject({ status: 403, text: '{"level":"debug"}' });
    expect(Math.abs(Number(got.dateMs) - Date.now())).toBeLessThan(PATIENT_MS);
  });

  it('says why there is none', async () => {
    const url = await started(createHttp(answer), 'http', '/silent');
    await expect(askService(url, { tls: {}, timeoutMs: 20 })).rejects.toThrow('no answer within 0.02 s');
    await new Promise((resolve) => servers[0]!.close(resolve).closeAllConnections());
    const refused = askService(url, { tls: {}, timeoutMs: PATIENT_MS });
    await expect(refused).rejects.toThrow(`connect ECONNREFUSED 127.0.0.1:${url.port}`);
  });

  it('reaches a service over TLS whose certificate somebody has signed that is named, and no other', async () => {
    const authority = await Authority.create('of this test');
    const { cert, key } = await authority.sign('service');
    const url = await started(createHttps({ cert, key }, answer), 'https');
    const ca = Buffer.from(authority.pem);
    expect(await askService(url, { tls: { ca }, timeoutMs: PATIENT_MS })).toMatchObject({ status: 200, text: '' });
    const isRefused = await askService(url, { tls: {}, timeoutMs: PATIENT_MS }).then(
      () => false,
      (error: Error) => isTlsProblem(error.message),
    );
    expect(isRefused).toBe(true);
  });
});
