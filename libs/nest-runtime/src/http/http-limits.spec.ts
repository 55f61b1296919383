import { connect, type Socket } from 'node:net';
import { Module } from '@nestjs/common';
import { bootstrap, type RunningService } from '../lifecycle/bootstrap';
import { createLogger } from '../logging/logger';
import type { HttpLimits } from './http-adapter';

@Module({})
class NothingModule {}

let running: RunningService;

async function serve(limits: Partial<HttpLimits>): Promise<void> {
  running = await bootstrap(NothingModule, {
    service: {
      readinessChecks: [],
      start: async () => undefined,
      drain: async () => undefined,
      close: async () => undefined,
    },
    http: { host: '127.0.0.1', port: 0, limits },
    metrics: { metrics: async () => '' },
    logger: createLogger('test', 'silent' as 'fatal'),
    drain: { timeoutMs: 1_000, noticeMs: 0 },
  });
}
afterEach(() => running.close());

/** What the server says until it closes the connection. */
function untilClosed(socket: Socket): Promise<string> {
  let said = '';
  socket.on('data', (chunk: Buffer) => (said += chunk.toString()));
  socket.on('error', () => undefined);
  return new Promise((resolve) => socket.on('close', () => resolve(said)));
}

const open = (): Socket => connect(running.httpPort, '127.0.0.1');
const QUICK = { headersTimeoutMs: 100, requestTimeoutMs: 200, checkEveryMs: 20 };

describe('the HTTP door', () => {
  it('closes a connection on which nothing comes', async () => {
    await serve(QUICK);
    expect(await untilClosed(open())).toMatch(/^(HTTP\/1.1 408 |$)/);
  });

  it('closes one whose headers come drop by drop', async () => {
    await serve(QUICK);
    const socket = open();
    socket.write('GET /healthz HTTP/1.1\r\n');
    const drops = setInterval(() => socket.write('x-drop: 1\r\n'), 10);
    expect(await untilClosed(socket)).toMatch(/^(HTTP\/1.1 408 |$)/);
    clearInterval(drops);
  });

  it('closes one whose body comes drop by drop', async () => {
    await serve(QUICK);
    const socket = open();
    socket.write('POST /nothing HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n');
    const drops = setInterval(() => socket.write('1\r\nx\r\n'), 10);
    expect(await untilClosed(socket)).not.toMatch(/^HTTP\/1.1 2/);
    clearInterval(drops);
  });

  it.each([
    ['a header', () => `GET /healthz HTTP/1.1\r\nhost: x\r\nx-long: ${'x'.repeat(17_000)}\r\n\r\n`],
    ['an address', () => `GET /healthz?${'x'.repeat(17_000)} HTTP/1.1\r\nhost: x\r\n\r\n`],
    ['many headers', () => `GET /healthz HTTP/1.1\r\nhost: x\r\n${'x-a: bcdefgh\r\n'.repeat(1_500)}\r\n`],
  ])('answers 431 to %s longer than anybody needs', async (_name, request) => {
    await serve({});
    const socket = open();
    socket.write(request());
    expect(await untilClosed(socket)).toMatch(/^HTTP\/1.1 431 /);
  });

  it('takes no more connections than it can serve, and new ones once there is room', async () => {
    await serve({ maxConnections: 2 });
    const [first, second] = [await answered(), await answered()];
    expect(await untilClosed(open())).toBe('');
    first.destroy();
    let third: Socket | null = null;
    while (third === null) third = await answered().catch(() => null);
    second.destroy();
    third.destroy();
  });
});

/** A connection on which a request was answered, kept open. */
function answered(): Promise<Socket> {
  const socket = open();
  socket.write('GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n');
  return new Promise((resolve, reject) => {
    socket.once('data', () => resolve(socket));
    socket.on('error', () => undefined).on('close', () => reject(new Error('closed')));
  });
}
