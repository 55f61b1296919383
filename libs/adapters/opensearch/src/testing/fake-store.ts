import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a store says to one request. */
export interface FakeAnswer {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface FakeRequest {
  readonly method: string;
  readonly path: string;
  readonly authorization: string | undefined;
  /** Of a bulk request: its lines. */
  readonly lines: readonly string[];
}

const READY: FakeAnswer = { status: 200, body: { version: { number: '3.8.0' } } };

/** Says what a real store says only in bad hours. Everything but bulk requests goes well unless a test says otherwise. */
export class FakeStore {
  private readonly server: Server;
  readonly requests: FakeRequest[] = [];
  bulk: (rows: number, request: FakeRequest) => FakeAnswer = (rows) => stored(rows);
  other: (request: FakeRequest) => FakeAnswer = () => READY;

  private constructor() {
    this.server = createServer((incoming, response) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('end', () => {
        const { pathname } = new URL(incoming.url ?? '/', 'http://store');
        const lines = Buffer.concat(chunks).toString('utf8').split('\n').slice(0, -1);
        const { authorization } = incoming.headers;
        const request = { method: incoming.method ?? '', path: pathname, authorization, lines };
        this.requests.push(request);
        const isBulk = pathname === '/_bulk';
        const { status, body, headers } = isBulk ? this.bulk(lines.length / 2, request) : this.other(request);
        const text = typeof body === 'string' ? body : JSON.stringify(body);
        response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(text);
      });
    });
  }

  static async start(): Promise<FakeStore> {
    const store = new FakeStore();
    await new Promise<void>((resolve) => store.server.listen(0, '127.0.0.1', resolve));
    return store;
  }

  get address(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** How many rows each bulk request had. */
  get sizes(): readonly number[] {
    return this.requests.filter(({ path }) => path === '/_bulk').map(({ lines }) => lines.length / 2);
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

export function stored(rows: number): FakeAnswer {
  return answered(Array.from({ length: rows }, () => ({ status: 201 })));
}

/** An answer to a bulk request, item by item. */
export function answered(items: readonly object[], took = 3): FakeAnswer {
  return { status: 200, body: { took, items: items.map((index) => ({ index })) } };
}
