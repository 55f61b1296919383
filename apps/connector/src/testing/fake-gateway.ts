import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * What the gateway does with one body: takes it; takes it and loses the answer; has no time, before or after it has taken it.
 */
export type DoorBehaviour = 'take' | 'take-and-lose' | 'busy' | 'unavailable' | 'unavailable-but-taken' | 'wait';

/** A gateway on this machine, which can be told how to behave. */
export class FakeGateway {
  /** Lines it has taken, in order. */
  readonly taken: string[] = [];
  readonly keys: (string | undefined)[] = [];
  private readonly server: Server;
  private open: () => void = () => undefined;
  private readonly opened = new Promise<void>((resolve) => (this.open = resolve));

  /** @param behaviours one for each body; afterwards all are taken */
  constructor(private readonly behaviours: DoorBehaviour[]) {
    this.server = createServer((request, response) => {
      this.keys.push(request.headers['idempotency-key']?.toString());
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const behaviour = this.behaviours.shift() ?? 'take';
        const lines = Buffer.concat(chunks).toString('utf8').split('\n').filter((line) => line !== ''); // prettier-ignore
        const answer = async (): Promise<void> => {
          if (behaviour === 'wait') await this.opened;
          if (behaviour !== 'busy' && behaviour !== 'unavailable') this.taken.push(...lines);
          if (behaviour === 'take-and-lose') return void response.socket?.destroy();
          const status = { busy: 429, unavailable: 503, 'unavailable-but-taken': 503, take: 202, wait: 202 }[behaviour];
          response.writeHead(status, status === 202 ? {} : { 'retry-after': '7' });
          response.end(status === 202 ? JSON.stringify({ accepted: lines.length, rejected: [] }) : 'not now');
        };
        void answer();
      });
    });
  }

  /** Lets bodies go on that wait. */
  release(): void {
    this.open();
  }

  async start(): Promise<URL> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    return new URL(`http://127.0.0.1:${(this.server.address() as AddressInfo).port}`);
  }

  async stop(): Promise<void> {
    this.open();
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }
}
