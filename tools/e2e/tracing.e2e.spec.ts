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

  /** What was done on behalf of a trace. */
  operationsOf(traceId: string): ReadonlySet<string> {
    const names = this.spans.flatMap((span) => (span.traceId === traceId ? span.attributes : []));
    return new Set(
      names.flatMap(({ key, value }) => (key === 'messaging.operation.name' ? (value.stringValue ?? []) : [])),
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

  it('is followed in one trace from the call of its sender to the view of the query-api, while the window is open and when it is closed', async () => {
    const endpoint = await collector.start();
    platform = new Platform(undefined, {
      OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      OTEL_BSP_SCHEDULE_DELAY: '200',
    });
    await platform.createTopics();
    await platform.startAll(['gateway', 'enricher', 'aggregator', 'query-api']);

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
    const operations = (): ReadonlySet<string> => collector.operationsOf(traceId);
    await until('the provisional result to be shown', TRACED_WITHIN_MS, () =>
      Promise.resolve(['enrich', 'aggregate', 'merge', 'show'].every((name) => operations().has(name))),
    );

    await platform.advance(START_MS + 3_600_000);
    await until('windows to be closed on behalf of the event', TRACED_WITHIN_MS, () =>
      Promise.resolve(operations().has('close')),
    );
    expect(collector.spans.some((span) => span.traceId === traceId && span.name.startsWith('POST'))).toBe(true);
  }, 150_000);

  it('is all that is told where one in a hundred is sampled and nothing is wrong', () => {
    const strangers = collector.spans.filter(({ attributes }) =>
      attributes.some(({ key }) => key === 'tillstream.kept'),
    );
    expect(strangers).toEqual([]);
  });
});

function spansOf(body: string): Span[] {
  const sent = JSON.parse(body) as { resourceSpans?: { scopeSpans: { spans: Span[] }[] }[] };
  return (sent.resourceSpans ?? []).flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans));
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
