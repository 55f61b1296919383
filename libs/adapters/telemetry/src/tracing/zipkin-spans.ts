import { SpanKind } from '@opentelemetry/api';
import type { Link } from '@opentelemetry/api';
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace';

/**
 * Tells Zipkin what it has no words for. Links become tags, `link.1` and so on. Who processes messages is told as a server: what
 * it makes of messages, a queue whose name it asks for, it leaves out of its graph of services.
 */
export class ZipkinSpans implements SpanExporter {
  constructor(private readonly exporter: SpanExporter) {}

  export(spans: ReadableSpan[], done: Parameters<SpanExporter['export']>[1]): void {
    this.exporter.export(spans.map(forZipkin), done);
  }

  shutdown(): Promise<void> {
    return this.exporter.shutdown();
  }

  forceFlush(): Promise<void> {
    return this.exporter.forceFlush?.() ?? Promise.resolve();
  }
}

function forZipkin(span: ReadableSpan): ReadableSpan {
  const { kind, attributes, links } = span;
  if (kind !== SpanKind.CONSUMER && links.length === 0) return span;
  return Object.create(span, {
    kind: { value: kind === SpanKind.CONSUMER ? SpanKind.SERVER : kind },
    attributes: { value: { ...attributes, ...Object.fromEntries(links.map(tagOf)) } },
  }) as ReadableSpan;
}

function tagOf({ context }: Link, index: number): [string, string] {
  return [`link.${index + 1}`, `${context.traceId}/${context.spanId}`];
}
