import { AsyncLocalStorage } from 'node:async_hooks';
import { context, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import type { Context, ContextManager } from '@opentelemetry/api';
import { AlwaysOffSampler, InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { fastify } from 'fastify';
import type { FastifyInstance } from 'fastify';
import { repeatedIds } from './repeated-ids';
import { DRAWN, KeepingSampler } from './sampler';
import { injectTraceContext } from './trace-context';
import { traceRequests } from './traced-requests';

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const PARENT_ID = 'b7ad6b7169203331';

/** As the SDK's: what is awaited within a context goes on in it. */
class Contexts implements ContextManager {
  private readonly storage = new AsyncLocalStorage<Context>();
  active = (): Context => this.storage.getStore() ?? ROOT_CONTEXT;
  with: ContextManager['with'] = (active, call, self, ...args) =>
    this.storage.run(active, () => call.call(self as ThisParameterType<typeof call>, ...args));
  bind = <T>(_context: Context, target: T): T => target;
  enable = (): this => this;
  disable = (): this => this;
}

describe('requests over HTTP', () => {
  const exporter = new InMemorySpanExporter();
  const servers: FastifyInstance[] = [];

  beforeAll(() => {
    context.setGlobalContextManager(new Contexts());
    // What is sampled here was drawn before there was a span of it.
    const sampler = new KeepingSampler(new AlwaysOffSampler());
    const spanProcessors = [new SimpleSpanProcessor({ exporter })];
    trace.setGlobalTracerProvider(new TracerProvider({ sampler, idGenerator: repeatedIds, spanProcessors }));
  });
  beforeEach(() => exporter.reset());
  afterEach(() => Promise.all(servers.splice(0).map((server) => server.close())));
  afterAll(() => {
    trace.disable();
    context.disable();
  });

  /** Asks a server once, and says what headers a record would have been given meanwhile. */
  async function ask(
    isDrawn: boolean,
    {
      traceparent,
      path = '/v1/streams/s/events?key=secret',
      isParentBased = true,
    }: {
      readonly traceparent?: string;
      readonly path?: string;
      readonly isParentBased?: boolean;
    } = {},
  ): Promise<string | null> {
    const server = fastify();
    servers.push(server);
    traceRequests(server, { draw: () => isDrawn, isParentBased });
    let carried: Uint8Array | undefined;
    server.get('/v1/streams/:stream/events', async () => {
      await Promise.resolve();
      carried = injectTraceContext()['traceparent'];
      return {};
    });
    server.get('/fails', () => Promise.reject(new Error('broken')));
    server.get('/readyz', (_request, reply) => reply.status(503).send({}));
    await server.inject({ path, headers: traceparent === undefined ? {} : { traceparent } });
    return carried === undefined ? null : Buffer.from(carried).toString();
  }

  it('are told when they are drawn, without what stands behind the path, and what is awaited belongs to them', async () => {
    const carried = await ask(true);
    const [span] = exporter.getFinishedSpans();
    expect(span).toMatchObject({
      name: 'GET /v1/streams/:stream/events',
      attributes: {
        ...{ 'http.request.method': 'GET', 'url.path': '/v1/streams/s/events', 'http.response.status_code': 200 },
        'http.route': '/v1/streams/:stream/events',
      },
    });
    const { traceId, spanId } = span!.spanContext();
    expect(carried).toBe(`00-${traceId}-${spanId}-01`);
  });

  it('leave nothing when they are not', async () => {
    expect(await ask(false)).toBeNull();
    expect(exporter.getFinishedSpans()).toEqual([]);
  });

  it('belong to the trace that they name, and are sampled as it is', async () => {
    const carried = await ask(false, { traceparent: `00-${TRACE_ID}-${PARENT_ID}-01` });
    expect(carried).toContain(TRACE_ID);
    expect(exporter.getFinishedSpans()[0]?.parentSpanContext?.spanId).toBe(PARENT_ID);
    exporter.reset();
    expect(await ask(true, { traceparent: `00-${TRACE_ID}-${PARENT_ID}-00` })).toBeNull();
    expect(await ask(false, { traceparent: `00-${TRACE_ID}-${PARENT_ID}-01`, isParentBased: false })).toBeNull();
    expect(exporter.getFinishedSpans()).toEqual([]);
  });

  it('are told when they fail by a fault of ours, and probes are not', async () => {
    await ask(false, { path: '/fails', traceparent: `00-${TRACE_ID}-${PARENT_ID}-00` });
    await ask(false, { path: '/readyz' });
    await ask(true, { path: '/readyz' });
    expect(exporter.getFinishedSpans()).toMatchObject([
      { name: 'GET /fails', attributes: { 'http.response.status_code': 500 }, status: { code: 2 } },
    ]);
    expect(exporter.getFinishedSpans()[0]?.spanContext().traceId).toBe(TRACE_ID);
    exporter.reset();
    await ask(true, { path: '/fails' });
    expect(exporter.getFinishedSpans()).toMatchObject([{ name: 'GET /fails', status: { code: 2 } }]);
  });

  it('are not drawn for by chance elsewhere', () => {
    expect(context.active().getValue(DRAWN)).toBeUndefined();
  });
});
