import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingHttpHeaders, Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface DeliveredRow {
  readonly table: string;
  readonly id: string;
  readonly version: number;
  readonly time: string;
  readonly values: Readonly<Record<string, unknown>>;
}

export interface Delivered {
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly feed: string;
  readonly partition: number;
  readonly rows: readonly DeliveredRow[];
}

/** How a receiver answers; null: it takes the delivery and cuts the connection instead of saying so. */
export type Reply = {
  readonly status: number;
  readonly body?: string;
  readonly headers?: Record<string, string>;
} | null;

const TAKEN: Reply = { status: 204 };

/** A receiver as somebody may write one: keeps what it takes, and looks at the signature first. */
export class HookReceiver {
  private readonly server: Server;
  private port = 0;
  /** In the order of their arrival; only what was taken (2xx, or no answer). */
  readonly taken: Delivered[] = [];
  /** Everything that arrived. */
  readonly seen: Delivered[] = [];
  reply: (delivered: Delivered) => Reply = () => TAKEN;
  /** Answers when it likes to. */
  hold: (answer: () => void) => void = (answer) => answer();

  private constructor(private readonly secret: string) {
    this.server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        const delivered = {
          headers: request.headers,
          text,
          ...(JSON.parse(text) as Omit<Delivered, 'headers' | 'text'>),
        };
        this.seen.push(delivered);
        const reply = this.isSigned(delivered) ? this.reply(delivered) : { status: 401, body: 'wrong signature' };
        if (reply === null || reply.status < 300) this.taken.push(delivered);
        if (reply === null) request.socket.destroy();
        else this.hold(() => response.writeHead(reply.status, reply.headers).end(reply.body));
      });
    });
  }

  static async start(secret: string, port = 0): Promise<HookReceiver> {
    const receiver = new HookReceiver(secret);
    await receiver.listen(port);
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/hooks?key=unsaid`;
  }

  async listen(port: number): Promise<void> {
    await new Promise<void>((resolve) => this.server.listen(port, '127.0.0.1', resolve));
    this.port = (this.server.address() as AddressInfo).port;
  }

  /** Nobody is there until it listens again. */
  async leave(): Promise<number> {
    const { port } = this;
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
    return port;
  }

  private isSigned({ headers, text }: Delivered): boolean {
    const [time = '', ...signatures] = String(headers['tillstream-signature']).split(',');
    const expected = createHmac('sha256', this.secret)
      .update(`${time.slice(2)}.${text}`)
      .digest('hex');
    return signatures.includes(`v1=${expected}`);
  }
}
