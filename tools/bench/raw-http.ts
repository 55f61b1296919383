import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';

const HEAD_END = Buffer.from('\r\n\r\n');

/** One keep-alive connection that sends one request after the other, with as little of its own in between as can be. */
export class RawHttpConnection {
  private received: Buffer = Buffer.alloc(0);
  private answered: ((answer: string) => void) | null = null;
  private failed: ((error: Error) => void) | null = null;

  private constructor(private readonly socket: Socket) {
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.receive(chunk));
    socket.on('error', (error) => this.failed?.(error));
    socket.on('close', () => this.failed?.(new Error('the gateway has closed the connection')));
  }

  static async open(port: number): Promise<RawHttpConnection> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return new RawHttpConnection(socket);
  }

  /** Sends a request (head and body) and resolves with status and body of its answer: `202 {…}`. */
  send(request: Buffer): Promise<string> {
    return new Promise((resolve, reject) => {
      this.answered = resolve;
      this.failed = reject;
      this.socket.write(request);
    });
  }

  close(): void {
    this.failed = null;
    this.socket.destroy();
  }

  private receive(chunk: Buffer): void {
    this.received = this.received.length === 0 ? chunk : Buffer.concat([this.received, chunk]);
    const headEnd = this.received.indexOf(HEAD_END);
    if (headEnd < 0) return;
    const head = this.received.toString('latin1', 0, headEnd);
    const length = Number(/^content-length: (\d+)$/im.exec(head)?.[1] ?? NaN);
    const end = headEnd + HEAD_END.length + length;
    if (this.received.length < end) return;
    const answer = `${head.slice(9, 12)} ${this.received.toString('utf8', headEnd + HEAD_END.length, end)}`;
    this.received = this.received.subarray(end);
    this.answered?.(answer);
  }
}
