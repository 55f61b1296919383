import { context, trace } from '@opentelemetry/api';
import {
  AlwaysOffSampler,
  InMemorySpanExporter,
  ParentBasedSampler,
  SimpleSpanProcessor,
  StackContextManager,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import type { LogRecord } from '@tillstream/engine';
import { SourceRevokedError } from '@tillstream/engine';
import { createBatchTracer } from './batch-tracer';
import { isTracingWanted } from './start-tracing';
import { repeatedIds } from './repeated-ids';
import { KeepingSampler } from './sampler';
import { injectTraceContext, sampledContexts } from './trace-context';

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const aRecord = (offset: number, traceparent?: string): LogRecord => ({
  offset,
  timestampMs: 0,
  key: null,
  value: null,
  headers: traceparent === undefined ? {} : { traceparent: Buffer.from(traceparent) },
});
const sampledBy = (spanNumber: number, flags = '01'): string =>
  `00-${TRACE_ID}-${spanNumber.toString(16).padStart(16, '0')}-${flags}`;

describe('contexts of producers', () => {
  it.each([
    ['sampled', sampledBy(1, '01'), 1],
    ['sampled and random', sampledBy(1, '03'), 1],
    ['sampled, with flags to come', sampledBy(1, '0b'), 1],
    ['not sampled', sampledBy(1, '00'), 0],
    ['not sampled, with flags to come', sampledBy(1, '0a'), 0],
    ['another version', sampledBy(1).replace('00-', 'cc-'), 0],
    ['no trace', sampledBy(0), 0],
    ['empty', '', 0],
    ['not a context', 'x1', 0],
  ])('are looked at: %s', (_name, traceparent, links) => {
    expect(sampledContexts([aRecord(0, traceparent)], 10)).toHaveLength(links);
  });

  it('are each given once, and are capped', () => {
    const records = [1, 1, 2, 3, 4].map((span, offset) => aRecord(offset, sampledBy(span)));
    const spanIds = sampledContexts([aRecord(0), ...records], 3).map(({ spanId }) => Number(spanId));
    expect(spanIds).toEqual([1, 2, 3]);
  });
});

describe('tracing', () => {
  it('is off without an endpoint, and when it is switched off', () => {
    const OTEL_EXPORTER_OTLP_ENDPOINT = 'http://collector:4318';
    expect(isTracingWanted({})).toBe(false);
    expect(isTracingWanted({ OTEL_EXPORTER_OTLP_ENDPOINT: '' })).toBe(false);
    expect(isTracingWanted({ OTEL_EXPORTER_OTLP_ENDPOINT })).toBe(true);
    expect(isTracingWanted({ OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_SDK_DISABLED: 'TRUE' })).toBe(false);
    expect(isTracingWanted({ OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_TRACES_EXPORTER: 'none' })).toBe(false);
    expect(isTracingWanted({ OTEL_TRACES_EXPORTER: 'otlp' })).toBe(false);
  });

  it('goes to Zipkin when it is named, and to nobody else then', () => {
    expect(isTracingWanted({ OTEL_TRACES_EXPORTER: 'zipkin' })).toBe(true);
    expect(() => isTracingWanted({ OTEL_TRACES_EXPORTER: 'otlp,zipkin' })).toThrow('name one');
  });

  it('leaves headers alone while it is off', async () => {
    const headers = { a: new Uint8Array(1) };
    expect(injectTraceContext(headers)).toBe(headers);
    const seen = await createBatchTracer('g').batch(
      { name: 'enrich', topic: 't', partition: 0, records: [] },
      async (batchHeaders) => batchHeaders,
    );
    expect(seen).toEqual({});
  });
});

describe('the batch tracer', () => {
  const exporter = new InMemorySpanExporter();

  beforeAll(() => {
    context.setGlobalContextManager(new StackContextManager().enable());
    const sampler = new KeepingSampler(new ParentBasedSampler({ root: new AlwaysOffSampler() }));
    const spanProcessors = [new SimpleSpanProcessor({ exporter })];
    trace.setGlobalTracerProvider(new TracerProvider({ sampler, idGenerator: repeatedIds, spanProcessors }));
  });
  beforeEach(() => exporter.reset());
  afterAll(() => {
    trace.disable();
    context.disable();
  });

  const info = {
    name: 'enrich',
    topic: 'commerce.raw.v1',
    partition: 3,
    records: [aRecord(7, sampledBy(1)), aRecord(8), aRecord(9, sampledBy(2))],
  };
  const unsampled = { ...info, records: [aRecord(7), aRecord(8, sampledBy(1, '00'))] };

  it('goes on with the trace of its first sampled producer, linked to the others, and hands its context on', async () => {
    const tracer = createBatchTracer('commerce.enricher');
    const [headers, injected] = await tracer.batch(info, async (given) => [given, injectTraceContext()]);
    const [span, ...others] = exporter.getFinishedSpans();
    expect(others).toEqual([]);
    expect(span).toMatchObject({
      name: 'enrich commerce.raw.v1',
      parentSpanContext: { traceId: TRACE_ID, spanId: '0000000000000001' },
      links: [{ context: { traceId: TRACE_ID, spanId: '0000000000000002' } }],
      attributes: {
        'messaging.system': 'kafka',
        'messaging.operation.type': 'process',
        'messaging.operation.name': 'enrich',
        'messaging.destination.name': 'commerce.raw.v1',
        'messaging.destination.partition.id': '3',
        'messaging.consumer.group.name': 'commerce.enricher',
        'messaging.batch.message_count': 3,
        'tillstream.first_offset': 7,
        'tillstream.last_offset': 9,
      },
    });
    const { traceId, spanId } = span!.spanContext();
    expect(traceId).toBe(TRACE_ID);
    expect(Buffer.from(headers['traceparent']!).toString()).toBe(`00-${traceId}-${spanId}-01`);
    expect(injected).toEqual(headers);
  });

  it('links a batch to few of very many producers', async () => {
    const records = Array.from({ length: 1_000 }, (_, offset) => aRecord(offset, sampledBy(offset + 1)));
    await createBatchTracer('g').batch({ ...info, records }, async () => undefined);
    expect(exporter.getFinishedSpans()[0]!.links).toHaveLength(31);
  });

  it('marks the span of a batch that failed, and fails with it', async () => {
    const failing = createBatchTracer('g').batch(info, () => Promise.reject(new Error('no')));
    await expect(failing).rejects.toThrow('no');
    expect(exporter.getFinishedSpans()[0]).toMatchObject({ status: { code: 2 }, events: [{ name: 'exception' }] });
  });

  it('tells nothing of a batch that is not sampled and hands nothing on', async () => {
    expect(await createBatchTracer('g').batch(unsampled, async (headers) => headers)).toEqual({});
    expect(exporter.getFinishedSpans()).toEqual([]);
  });

  it('tells of a batch that fails though it is not sampled, with the ids that its log lines have', async () => {
    let seen: unknown;
    const failing = createBatchTracer('g').batch(unsampled, () => {
      seen = trace.getActiveSpan()?.spanContext();
      return Promise.reject(new Error('no'));
    });
    await expect(failing).rejects.toThrow('no');
    const [span, ...others] = exporter.getFinishedSpans();
    expect(others).toEqual([]);
    const attributes = { 'tillstream.kept': 'error', 'messaging.batch.message_count': 2 };
    expect(span).toMatchObject({ name: 'enrich commerce.raw.v1', attributes, status: { code: 2, message: 'no' } });
    const { traceId, spanId } = span!.spanContext();
    expect(seen).toMatchObject({ traceId, spanId });
  });

  it('tells of a batch that takes long though it is not sampled, as long as it took', async () => {
    const startedMs = performance.now();
    await createBatchTracer('g', 0).batch(unsampled, async () => {
      while (performance.now() < startedMs + 5);
    });
    expect(exporter.getFinishedSpans()).toMatchObject([{ attributes: { 'tillstream.kept': 'slow' } }]);
    const [, startNanos] = exporter.getFinishedSpans()[0]!.startTime;
    expect(startNanos % 1e6).toBe(0); // Zipkin takes no fractions of a microsecond
    const [seconds, nanos] = exporter.getFinishedSpans()[0]!.duration;
    expect(seconds * 1e3 + nanos / 1e6).toBeGreaterThan(0);
  });

  it('takes it for no failure that a partition goes to another replica', async () => {
    const ending = createBatchTracer('g').batch(unsampled, () => Promise.reject(new SourceRevokedError('t', 0)));
    await expect(ending).rejects.toThrow('no longer assigned');
    expect(exporter.getFinishedSpans()).toEqual([]);
  });

  it('of very many that fail tells some', async () => {
    const tracer = createBatchTracer('g');
    for (let i = 0; i < 200; i += 1)
      await tracer.batch(unsampled, () => Promise.reject(new Error('no'))).catch(() => i);
    expect(exporter.getFinishedSpans().length).toBeGreaterThan(0);
    expect(exporter.getFinishedSpans().length).toBeLessThan(100);
  });

  it('tells a closed window behind the newest batch that fed it, linked to the others', () => {
    const fedBy = [2, 1, 2].map((span) => ({ traceparent: Buffer.from(sampledBy(span)) }));
    const window = { metric: 'm', topic: 'commerce.metrics.v1', partition: 1, startMs: 0, endMs: 60_000 };
    const headers = createBatchTracer('g').closed(window, fedBy);
    const [span] = exporter.getFinishedSpans();
    expect(span).toMatchObject({
      name: 'close m',
      parentSpanContext: { spanId: '0000000000000002' },
      links: [{ context: { spanId: '0000000000000001' } }],
      attributes: {
        'tillstream.metric': 'm',
        'tillstream.window_start': '1970-01-01T00:00:00.000Z',
        'tillstream.window_end': '1970-01-01T00:01:00.000Z',
      },
    });
    expect(Buffer.from(headers['traceparent']!).toString()).toContain(span!.spanContext().spanId);
  });

  it('tells nothing of a window that no traced batch has fed', () => {
    const window = { metric: 'm', topic: 't', partition: 1, startMs: 0, endMs: Infinity };
    expect(createBatchTracer('g').closed(window, [])).toEqual({});
    expect(exporter.getFinishedSpans()).toEqual([]);
  });

  it('follows up batches in a span of their trace', async () => {
    const store = { name: 'flush', topic: 'commerce.metrics.v1', partition: 0, sink: 'pg', rows: 5 };
    const causes = [{ traceparent: Buffer.from(sampledBy(9)) }];
    expect(await createBatchTracer('g').followUp(store, causes, async () => 7)).toBe(7);
    expect(exporter.getFinishedSpans()).toMatchObject([
      { name: 'flush pg', parentSpanContext: { spanId: '0000000000000009' }, attributes: { 'tillstream.rows': 5 } },
    ]);
  });
});
