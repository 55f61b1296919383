import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * What the source does with one connection: it serves so many events from behind `Last-Event-ID` on, `repeats` of those before
 * once more, and then ends it; or breaks it off, or falls silent, in the middle of the next event; or it does not serve at all.
 */
export type Behaviour =
  | {
      readonly kind: 'serve';
      readonly events: number;
      readonly repeats: number;
      readonly then: 'end' | 'cut' | 'stall';
      readonly retryMs?: number;
    }
  | { readonly kind: 'answer'; readonly status: number; readonly headers: Readonly<Record<string, string>> }
  | { readonly kind: 'reset' };

/** As Wikimedia's EventStreams gives it. */
export const idOf = (offset: number): string =>
  JSON.stringify([
    { topic: 'eqiad.mediawiki.recentchange', partition: 0, offset },
    { topic: 'codfw.mediawiki.recentchange', partition: 0, offset: -1 },
  ]);

const offsetOf = (id: string): number => (JSON.parse(id) as [{ offset: number }])[0].offset;

/** A source of server-sent events on this machine, which can be told how to behave. */
export class SseServer {
  /** `Last-Event-ID` of each connection. */
  readonly asked: (string | null)[] = [];
  /** Address of each connection behind the host. */
  readonly paths: string[] = [];
  bytesSent = 0;
  private readonly server: Server;

  /**
   * @param events as JSON
   * @param behaviours one for each connection; afterwards everything is served, and the connection held
   */
  constructor(
    private readonly events: readonly string[],
    private readonly behaviours: Behaviour[],
  ) {
    this.server = createServer((request, response) => {
      const last = request.headers['last-event-id'];
      const lastId = typeof last === 'string' ? last : null;
      this.asked.push(lastId);
      this.paths.push(request.url ?? '');
      const behaviour = this.behaviours.shift() ?? { kind: 'serve', events: Infinity, repeats: 0, then: 'stall' };
      void this.behave(behaviour, lastId === null ? 0 : offsetOf(lastId) + 1, response);
    });
  }

  async start(): Promise<URL> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    return new URL(`http://127.0.0.1:${(this.server.address() as AddressInfo).port}/v2/stream/recentchange`);
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  private async behave(behaviour: Behaviour, from: number, response: ServerResponse): Promise<void> {
    if (behaviour.kind === 'reset') return void response.socket?.destroy();
    if (behaviour.kind === 'answer') {
      response.writeHead(behaviour.status, behaviour.headers).end(behaviour.status === 204 ? '' : 'not now');
      return;
    }
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
    const closed = new Promise((resolve) => response.once('close', resolve));
    response.write(':ok\n\n');
    if (behaviour.retryMs !== undefined) response.write(`retry: ${behaviour.retryMs}\n\n`);
    const first = Math.max(0, from - behaviour.repeats);
    const end = Math.min(this.events.length, from + behaviour.events);
    for (let offset = first; offset < end && !response.destroyed; offset += 1) {
      const text = this.textOf(offset);
      this.bytesSent += text.length;
      if (!response.write(text))
        await Promise.race([new Promise((resolve) => response.once('drain', resolve)), closed]);
    }
    if (behaviour.then === 'end') response.end();
    if (behaviour.then === 'end' || response.destroyed) return;
    const next = end < this.events.length ? Buffer.from(this.textOf(end)) : Buffer.alloc(0);
    const half = next.subarray(0, Math.floor(next.length / 2));
    response.write(half, () => (behaviour.then === 'cut' ? response.socket?.destroy() : undefined));
  }

  private textOf(offset: number): string {
    return `event: message\nid: ${idOf(offset)}\ndata: ${this.events[offset] ?? ''}\n\n`;
  }
}
