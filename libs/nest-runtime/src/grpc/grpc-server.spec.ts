import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { credentials, loadPackageDefinition, status } from '@grpc/grpc-js';
import type { Client, ClientDuplexStream, ClientReadableStream, ServiceError } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { protoPath as healthProto } from 'grpc-health-check';
import { GrpcServer, PROTO_LOADER_OPTIONS } from './grpc-server';
import type { GrpcServerOptions } from './grpc-server';
import { serverStreamHandler, unaryHandler } from './handlers';
import { GrpcStatusError, retryTrailers } from './status-error';

const PROTO = `syntax = "proto3";
package test.v1;
message Ask { uint64 number = 1; }
message Answer { bytes payload = 1; uint64 number = 2; }
service Echo {
  rpc Once(Ask) returns (Answer);
  rpc Many(Ask) returns (stream Answer);
}`;

type Callback = (error: ServiceError | null, answer: { number: string }) => void;
interface EchoClient extends Client {
  once(ask: { number: number }, callback: Callback): void;
  once(ask: { number: number }, options: { deadline: number }, callback: Callback): void;
  many(ask: { number: number }): ClientReadableStream<{ number: string }>;
}
interface ListedServices {
  readonly listServicesResponse: { readonly service: readonly { readonly name: string }[] };
}
interface ReflectionClient extends Client {
  serverReflectionInfo(): ClientDuplexStream<{ listServices: string }, ListedServices>;
}
interface HealthClient extends Client {
  watch(ask: { service: string }): ClientReadableStream<{ status: string }>;
  check(ask: { service: string }, callback: (error: ServiceError | null, answer: { status: string }) => void): void;
}

describe('GrpcServer', () => {
  let protoRoot: string;
  let options: GrpcServerOptions;
  let server: GrpcServer;
  let echo: EchoClient;
  let health: HealthClient;
  const unexpected: unknown[] = [];
  const produced = { messages: 0, returned: false };
  const aborted: Promise<void>[] = [];

  beforeAll(async () => {
    protoRoot = mkdtempSync(join(tmpdir(), 'grpc-server-'));
    writeFileSync(join(protoRoot, 'echo.proto'), PROTO);
    const onUnexpected = (_method: string, error: unknown): void => void unexpected.push(error);
    options = {
      host: '127.0.0.1',
      port: 0,
      protoRoot,
      protoFiles: ['echo.proto'],
      services: [
        {
          name: 'test.v1.Echo',
          methods: {
            once: unaryHandler<{ number: string }, object>(async ({ number }, { signal }) => {
              if (number === '1') throw new TypeError('secret of ours');
              if (number === '2') {
                const trailers = retryTrailers(status.RESOURCE_EXHAUSTED, 'later', 1500);
                throw new GrpcStatusError(status.RESOURCE_EXHAUSTED, 'later', trailers);
              }
              if (number === '3') {
                const over = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
                aborted.push(over);
                await over;
              }
              return { number };
            }, onUnexpected),
            many: serverStreamHandler<unknown, object>(async function* () {
              try {
                for (;;) {
                  produced.messages++;
                  yield { payload: Buffer.alloc(16 * 1024), number: produced.messages };
                }
              } finally {
                produced.returned = true;
              }
            }, onUnexpected),
          },
        },
      ],
    };
    server = new GrpcServer(options);
    ({ echo, health } = clientsOf(await server.start()));
  });

  function clientsOf(port: number): { readonly echo: EchoClient; readonly health: HealthClient } {
    const definition = loadSync(['echo.proto', healthProto], { ...PROTO_LOADER_OPTIONS, includeDirs: [protoRoot] });
    const packages = loadPackageDefinition(definition) as unknown as {
      test: { v1: { Echo: new (...args: unknown[]) => EchoClient } };
      grpc: { health: { v1: { Health: new (...args: unknown[]) => HealthClient } } };
    };
    return {
      echo: new packages.test.v1.Echo(`127.0.0.1:${port}`, credentials.createInsecure()),
      health: new packages.grpc.health.v1.Health(`127.0.0.1:${port}`, credentials.createInsecure()),
    };
  }

  afterAll(async () => {
    echo.close();
    health.close();
    await server.stop(1000);
    rmSync(protoRoot, { recursive: true });
  });

  const ask = (number: number, deadlineMs?: number): Promise<{ number: string }> =>
    new Promise((resolve, reject) => {
      const done: Callback = (error, answer) => (error === null ? resolve(answer) : reject(error));
      if (deadlineMs === undefined) echo.once({ number }, done);
      else echo.once({ number }, { deadline: Date.now() + deadlineMs }, done);
    });

  it('answers a unary call, with 64-bit integers as text', async () => {
    expect((await ask(7)).number).toBe('7');
  });

  it('hides what went wrong inside, and tells its listener', async () => {
    await expect(ask(1)).rejects.toMatchObject({ code: status.INTERNAL, details: 'internal error' });
    expect(unexpected).toEqual([new TypeError('secret of ours')]);
  });

  it('passes a status on with the delay after which to retry', async () => {
    const error = await ask(2).catch((caught: ServiceError) => caught);
    expect(error).toMatchObject({ code: status.RESOURCE_EXHAUSTED, details: 'later' });
    const { metadata } = error as ServiceError;
    expect(metadata.get('grpc-retry-pushback-ms')).toEqual(['1500']);
    // Status{8, "later", [Any{RetryInfo, {retry_delay: {seconds: 1, nanos: 500000000}}}]}
    const details = metadata.get('grpc-status-details-bin')[0] as Buffer;
    expect(details.toString('latin1')).toContain('type.googleapis.com/google.rpc.RetryInfo');
    expect(details.subarray(-8).toString('hex')).toBe('08011080cab5ee01');
  });

  it('aborts the signal of a call whose deadline passes', async () => {
    await expect(ask(3, 50)).rejects.toMatchObject({ code: status.DEADLINE_EXCEEDED });
    await aborted[0];
  });

  it('stops producing for a client that does not read, and returns from the generator when it goes', async () => {
    const call = echo.many({ number: 0 });
    call.on('error', () => {}); // the cancellation below
    await new Promise<void>((resolve) => call.once('data', () => resolve(call.pause() as unknown as void)));
    await settles(() => produced.messages);
    expect(produced.messages).toBeLessThan(300);
    expect(produced.returned).toBe(false);
    call.cancel();
    await until(() => produced.returned);
  });

  it('reports its health as set', async () => {
    const check = (): Promise<string> =>
      new Promise((resolve, reject) =>
        health.check({ service: 'test.v1.Echo' }, (error, answer) => (error ? reject(error) : resolve(answer.status))),
      );
    const notServing = await check();
    server.setServing(true);
    expect([notServing, await check()]).toEqual([2, 1]);
  });

  it('waits for nobody who only watches its health when it stops', async () => {
    const stopping = new GrpcServer({ ...options, port: 0 });
    const { echo: caller, health: watcher } = clientsOf(await stopping.start());
    const watch = watcher.watch({ service: '' });
    await once(
      watch.on('data', () => {}),
      'data',
    );
    const ended = once(watch, 'error') as Promise<[ServiceError]>;
    const startedMs = performance.now();
    await stopping.stop(30_000);
    expect((await ended)[0].code).toBe(status.UNAVAILABLE);
    expect(performance.now() - startedMs).toBeLessThan(20_000);
    caller.close();
    watcher.close();
  });

  it('ends calls that do not end by themselves, after the grace, and sends their clients elsewhere', async () => {
    const stopping = new GrpcServer({ ...options, port: 0 });
    const { echo: caller, health: watcher } = clientsOf(await stopping.start());
    const asked = aborted.length;
    const waiting = new Promise<ServiceError | null>((resolve) => caller.once({ number: 3 }, resolve));
    await until(() => aborted.length > asked);
    await stopping.stop(100);
    const cut = await waiting;
    expect([cut?.code, cut?.metadata.get('grpc-retry-pushback-ms')]).toEqual([status.UNAVAILABLE, ['0']]);
    caller.close();
    watcher.close();
  });

  it('lists its services by reflection', async () => {
    const build = dirname(require.resolve('@grpc/reflection'));
    const definition = loadSync('grpc/reflection/v1/reflection.proto', { includeDirs: [join(build, '../proto')] });
    const { grpc } = loadPackageDefinition(definition) as unknown as {
      grpc: { reflection: { v1: { ServerReflection: new (...args: unknown[]) => ReflectionClient } } };
    };
    const client = new grpc.reflection.v1.ServerReflection(`127.0.0.1:${server.port}`, credentials.createInsecure());
    const call = client.serverReflectionInfo();
    const answer = new Promise<ListedServices>((resolve) => call.once('data', resolve));
    call.end({ listServices: '' });
    const { service } = (await answer).listServicesResponse;
    expect(service.map(({ name }) => name)).toEqual(expect.arrayContaining(['test.v1.Echo', 'grpc.health.v1.Health']));
    client.close();
  });

  it('refuses a service without all of its handlers, by name', () => {
    const options = { host: '127.0.0.1', port: 0, protoRoot, protoFiles: ['echo.proto'] };
    expect(() => new GrpcServer({ ...options, services: [{ name: 'test.v1.Echo', methods: {} }] })).toThrow(
      'test.v1.Echo has no handler for once, many',
    );
    expect(() => new GrpcServer({ ...options, services: [{ name: 'test.v1.Nope', methods: {} }] })).toThrow(
      'no service test.v1.Nope',
    );
  });
});

/** Waits until the value has not changed over many turns of the event loop. */
async function settles(value: () => number): Promise<void> {
  let last = -1;
  for (let quiet = 0; quiet < 200; quiet++) {
    if (value() !== last) quiet = 0;
    last = value();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}
