import { SpanKind } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { ZipkinSpans } from './zipkin-spans';

const OTHER = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: '00f067aa0ba902b7', traceFlags: 1 };

/** A span as it is given to Zipkin's exporter. */
function told(kind: SpanKind, links: { context: typeof OTHER }[]): ReadableSpan {
  const exporter = new InMemorySpanExporter();
  const processor = new SimpleSpanProcessor({ exporter: new ZipkinSpans(exporter) });
  const tracer = new TracerProvider({ spanProcessors: [processor] }).getTracer('test');
  tracer.startSpan('enrich commerce.raw.v1', { kind, links, attributes: { a: 1 } }).end();
  return exporter.getFinishedSpans()[0]!;
}

describe('spans for Zipkin', () => {
  it('have their links as tags, as it knows no links', () => {
    const { attributes } = told(SpanKind.CLIENT, [{ context: OTHER }]);
    expect(attributes).toEqual({ a: 1, 'link.1': `${OTHER.traceId}/${OTHER.spanId}` });
  });

  it('are those of a server where messages are processed, so that the graph of services has them', () => {
    expect(told(SpanKind.CONSUMER, []).kind).toBe(SpanKind.SERVER);
    expect(told(SpanKind.PRODUCER, []).kind).toBe(SpanKind.PRODUCER);
  });

  it('keep everything else', () => {
    const span = told(SpanKind.CONSUMER, [{ context: OTHER }]);
    expect(span.name).toBe('enrich commerce.raw.v1');
    expect(span.spanContext().traceId).toHaveLength(32);
    expect(span.duration).toHaveLength(2);
  });
});
