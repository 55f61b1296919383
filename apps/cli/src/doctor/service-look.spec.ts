import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { lookAtService } from './service-look';

describe('a look at a service', () => {
  let server: Server;
  const asked: string[] = [];

  beforeAll(async () => {
    server = createServer(({ url = '' }, response) => {
      asked.push(url);
      const isReady = url.endsWith('/readyz');
      response.end(isReady ? '{"checks":{"kafka":"away","groups":"ok"}}' : 'up{service="gateway"} 1\n');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  beforeEach(() => void (asked.length = 0));
  afterAll(() => void server.close().closeAllConnections());

  const look = (path: string) => {
    const { port } = server.address() as AddressInfo;
    return lookAtService(`http://127.0.0.1:${port}${path}`, {}, () => Date.now());
  };

  it.each([
    ['', ['/metrics', '/readyz']],
    ['/', ['/metrics', '/readyz']],
    ['/shop/gateway', ['/shop/gateway/metrics', '/shop/gateway/readyz']],
    ['/shop/gateway/', ['/shop/gateway/metrics', '/shop/gateway/readyz']],
  ])('asks below the path of its address: %s', async (path, paths) => {
    expect(await look(path)).toMatchObject({ name: 'gateway', trouble: null, missing: { kafka: 'away' } });
    expect([...asked].sort()).toEqual(paths);
  });
});
