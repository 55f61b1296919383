import { Agent, request } from 'node:http';
import { Controller, Get, Inject, Module } from '@nestjs/common';
import { createLogger } from '../logging/logger';
import { bootstrap } from './bootstrap';
import type { RunningService } from './bootstrap';
import type { Service } from './service';

const GATE = Symbol('Gate');

/** A request that is answered when the gate opens. */
class Gate {
  entered!: () => void;
  readonly someoneIn = new Promise<void>((resolve) => (this.entered = resolve));
  open!: (answer: object) => void;
  readonly opened = new Promise<object>((resolve) => (this.open = resolve));
}

@Controller()
class SlowController {
  constructor(@Inject(GATE) private readonly gate: Gate) {}

  @Get('slow')
  slow(): Promise<object> {
    this.gate.entered();
    return this.gate.opened;
  }
}

const logger = createLogger('test', 'silent' as 'fatal');

describe('a bootstrapped service', () => {
  let running: RunningService;
  let steps: string[];
  let missing: string | null;
  let gate: Gate;
  let isReady: () => Promise<boolean>;

  const service: Service = {
    readinessChecks: [{ name: 'log', check: () => missing }],
    start: async () => void steps.push('start'),
    drain: async () => void steps.push('drain'),
    close: async () => void steps.push('close'),
  };
  const get = async (path: string): Promise<{ status: number; type: string | null; body: string }> => {
    const response = await fetch(`http://127.0.0.1:${running.httpPort}${path}`);
    return { status: response.status, type: response.headers.get('content-type'), body: await response.text() };
  };

  beforeEach(async () => {
    [steps, missing, gate] = [[], null, new Gate()];
    @Module({ controllers: [SlowController], providers: [{ provide: GATE, useValue: gate }] })
    class SlowModule {}
    running = await bootstrap(SlowModule, {
      service,
      http: { host: '127.0.0.1', port: 0 },
      metrics: { metrics: async () => 'tillstream_x_total 1\n' },
      watchReadiness: (ready) => (isReady = ready),
      logger,
      drain: { timeoutMs: 5000, noticeMs: 0 },
    });
  });
  afterEach(() => running.close());

  it('is alive, ready and measured', async () => {
    expect(await get('/healthz')).toMatchObject({ status: 200 });
    expect(await get('/readyz')).toMatchObject({ status: 200, body: '{"ready":true,"checks":{"log":"ok"}}' });
    expect(await get('/metrics')).toEqual({
      status: 200,
      type: 'text/plain; version=0.0.4; charset=utf-8',
      body: 'tillstream_x_total 1\n',
    });
  });

  it('says what it is not ready for, and stays alive', async () => {
    missing = 'no broker';
    expect(await get('/readyz')).toMatchObject({ status: 503, body: '{"ready":false,"checks":{"log":"no broker"}}' });
    expect((await get('/healthz')).status).toBe(200);
    expect(await isReady()).toBe(false);
    missing = null;
    expect(await isReady()).toBe(true);
  });

  it('lets somebody on this machine hear more of its log for a while, and nobody else', async () => {
    const put = (body: string, headers: Record<string, string> = {}): Promise<Response> =>
      fetch(`http://127.0.0.1:${running.httpPort}/loglevel`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json', ...headers },
        body,
      });
    expect(await (await put('{"level":"debug","forSeconds":60}')).json()).toEqual({ level: 'debug', forSeconds: 60 });
    expect((await get('/loglevel')).body).toBe('{"level":"debug"}');
    const refused = await put('{"level":"trace"}', { 'x-forwarded-for': '203.0.113.5' });
    expect([refused.status, (await put('{"level":"loud"}')).status]).toEqual([403, 400]);
    expect((await get('/loglevel')).body).toBe('{"level":"debug"}');
    logger.level = 'silent';
  });

  it('stops in order: drains, answers what is in flight, and only then closes its connections', async () => {
    const answer = get('/slow');
    await gate.someoneIn;
    const closed = running.close();
    await until(() => steps.includes('drain'));
    expect(steps).toEqual(['start', 'drain']);
    steps.push('answer');
    gate.open({});
    await closed;
    expect((await answer).status).toBe(200);
    expect(steps).toEqual(['start', 'drain', 'answer', 'close']);
  });

  it('tells its callers to go elsewhere on the connections that they still have', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const connectionOf = (path: string): Promise<string | undefined> =>
      new Promise((resolve, reject) => {
        const options = { port: running.httpPort, path, agent };
        const asked = request(options, (response) => {
          response.resume();
          resolve(response.headers.connection);
        });
        asked.on('error', reject).end();
      });
    expect(await connectionOf('/healthz')).toBe('keep-alive');
    const answer = connectionOf('/slow');
    await gate.someoneIn;
    const closed = running.close();
    gate.open({});
    expect(await answer).toBe('close');
    await closed;
    agent.destroy();
  });
});

it('goes on without work that does not end in time, having told it to hurry, and cuts off who is still connected', async () => {
  const gate = new Gate();
  @Module({ controllers: [SlowController], providers: [{ provide: GATE, useValue: gate }] })
  class SlowModule {}
  const steps: string[] = [];
  const endless: Service = {
    readinessChecks: [],
    start: async () => {},
    drain: (hurry) => {
      hurry.addEventListener('abort', () => void steps.push('hurry'));
      return new Promise(() => {});
    },
    close: async () => void steps.push('close'),
  };
  const running = await bootstrap(SlowModule, {
    service: endless,
    http: { host: '127.0.0.1', port: 0 },
    metrics: { metrics: async () => '' },
    logger,
    drain: { timeoutMs: 400, noticeMs: 0 },
  });
  const cut = fetch(`http://127.0.0.1:${running.httpPort}/slow`).catch(() => 'cut');
  await gate.someoneIn;
  const startedMs = performance.now();
  await running.close();
  expect([steps, await cut]).toEqual([['hurry', 'close'], 'cut']);
  expect(performance.now() - startedMs).toBeLessThan(5_000);
});

it('closes what it has opened when the service cannot start', async () => {
  @Module({})
  class EmptyModule {}
  const steps: string[] = [];
  const failing: Service = {
    readinessChecks: [],
    start: () => Promise.reject(new Error('definition differs')),
    drain: async () => void steps.push('drain'),
    close: async () => void steps.push('close'),
  };
  const started = bootstrap(EmptyModule, {
    service: failing,
    http: { host: '127.0.0.1', port: 0 },
    metrics: { metrics: async () => '' },
    logger,
    drain: { timeoutMs: 5000, noticeMs: 0 },
  });
  await expect(started).rejects.toThrow('definition differs');
  expect(steps).toEqual(['drain', 'close']);
});

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}
