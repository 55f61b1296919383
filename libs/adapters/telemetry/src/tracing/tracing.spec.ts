import { context, trace } from '@opentelemetry/api';
import {
  InMemorySpanExporter,
  SimpleSpanProcessor,
  StackContextManager,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import type { LogRecord } from '@tillstream/engine';
import { createBatchTracer } from './batch-tracer';
import { isTracingWanted } from './start-tracing';
import { extractSampledLinks, injectTraceContext } from './trace-context';

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

describe('links to producers', () => {
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
  ])('follow a context that is %s', (_name, traceparent, links) => {
    expect(extractSampledLinks([aRecord(0, traceparent)], 10)).toHaveLength(links);
  });

  it('are each given once, and are capped', () => {
    const records = [1, 1, 2, 3, 4].map((span, offset) => aRecord(offset, sampledBy(span)));
    const spanIds = extractSampledLinks([aRecord(0), ...records], 3).map(({ context: { spanId } }) => Number(spanId));
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
    trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] }));
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

  it('makes one span a batch, linked to its producers, whose context goes on with what the batch causes', async () => {
    const tracer = createBatchTracer('commerce.enricher');
    const [headers, injected] = await tracer.batch(info, async (given) => [given, injectTraceContext()]);
    const [span, ...others] = exporter.getFinishedSpans();
    expect(others).toEqual([]);
    expect(span).toMatchObject({
      name: 'process commerce.raw.v1',
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
    expect(span!.links).toHaveLength(2);
    const { traceId, spanId } = span!.spanContext();
    expect(Buffer.from(headers['traceparent']!).toString()).toBe(`00-${traceId}-${spanId}-01`);
    expect(injected).toEqual(headers);
  });

  it('marks the span of a batch that failed, and fails with it', async () => {
    const failing = createBatchTracer('g').batch(info, () => Promise.reject(new Error('no')));
    await expect(failing).rejects.toThrow('no');
    expect(exporter.getFinishedSpans()[0]).toMatchObject({ status: { code: 2 }, events: [{ name: 'exception' }] });
  });
});
