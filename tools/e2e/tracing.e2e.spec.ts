import { randomBytes } from 'node:crypto';
import type { IncomingMessage, Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Platform, until } from './platform';
import { post } from './through-gateway';

const START_MS = Date.now() - 2 * 3_600_000;
const TRACED_WITHIN_MS = 60_000;

interface Span {
  readonly traceId: string;
  readonly name: string;
  readonly attributes: readonly { readonly key: string; readonly value: { readonly stringValue?: string } }[];
  readonly links?: readonly { readonly traceId: string }[];
}

/** A trace back end that keeps what it is sent, in OTLP's JSON. */
class Collector {
  readonly spans: Span[] = [];
  private server: Server | null = null;

  async start(): Promise<string> {
    this.server = createServer((request, response) => {
      void readBody(request).then((body) => {
        for (const span of spansOf(body)) this.spans.push(span);
        response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
      });
    });
    await new Promise<void>((resolve) => this.server?.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Spans of one kind of batch. */
  named(operation: string): Span[] {
    return this.spans.filter(({ attributes }) =>
      attributes.some(({ key, value }) => key === 'messaging.operation.name' && value.stringValue === operation),
    );
  }

  stop(): void {
    this.server?.close();
    this.server?.closeAllConnections();
  }
}

describe('a traced event', () => {
  const collector = new Collector();
  let platform: Platform | null = null;

  afterAll(async () => {
    await platform?.stop();
    collector.stop();
  }, 60_000);

  it('can be followed from the call of its sender to the merged result, by links from batch to batch', async () => {
    const endpoint = await collector.start();
    const environment = {
      OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      OTEL_BSP_SCHEDULE_DELAY: '200',
    };
    platform = new Platform(undefined, environment);
    await platform.createTopics();
    await platform.startAll(['gateway', 'enricher', 'aggregator']);

    const traceId = randomBytes(16).toString('hex');
    const event = {
      event_id: 'traced',
      event_type: 'purchase',
      timestamp: new Date(START_MS).toISOString(),
      user_id: 'u1',
      category: 'books',
      price: 12,
      quantity: 1,
    };
    const traceparent = `00-${traceId}-${randomBytes(8).toString('hex')}-01`;
    const answer = await post(platform, JSON.stringify(event), { traceparent });
    expect(answer.status).toBe(202);

    await until('the trace to be whole', TRACED_WITHIN_MS, () => {
      const received = collector.spans.some((span) => span.traceId === traceId);
      const enriched = linked(collector.named('enrich'), new Set([traceId]));
      const aggregated = linked(collector.named('aggregate'), tracesOf(enriched));
      const merged = linked(collector.named('merge'), tracesOf(aggregated));
      return Promise.resolve(received && merged.length > 0);
    });
  }, 120_000);
});

/** Those of the spans that link to one of the traces. */
function linked(spans: readonly Span[], traceIds: ReadonlySet<string>): Span[] {
  return spans.filter(({ links = [] }) => links.some(({ traceId }) => traceIds.has(traceId)));
}

function tracesOf(spans: readonly Span[]): Set<string> {
  return new Set(spans.map(({ traceId }) => traceId));
}

function spansOf(body: string): Span[] {
  const sent = JSON.parse(body) as { resourceSpans?: { scopeSpans: { spans: Span[] }[] }[] };
  return (sent.resourceSpans ?? []).flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans));
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
