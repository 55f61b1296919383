import { createServer, connect } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

/** A way to a server that can be shut, or lose the answer to something that the server has done. */
export class Door {
  private readonly sockets = new Set<Socket>();
  private isShut = false;
  private losing: { readonly request: string; isDone: boolean } | null = null;

  private constructor(
    private readonly server: ReturnType<typeof createServer>,
    private readonly targetPort: number,
  ) {
    server.on('connection', (near: Socket) => this.join(near));
  }

  static async open(targetPort: number): Promise<Door> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new Door(server, targetPort);
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Nobody comes through any more, and those who are on their way are cut off. */
  shut(): void {
    this.isShut = true;
    this.cut();
  }

  /** Those who are on their way are cut off; others come through. */
  cut(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  reopen(): void {
    this.isShut = false;
  }

  /** The next request that holds these bytes reaches the server; its answer is lost, with the connection. */
  loseAnswerTo(request: string): void {
    this.losing = { request, isDone: false };
  }

  async close(): Promise<void> {
    this.shut();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private join(near: Socket): void {
    if (this.isShut) {
      near.destroy();
      return;
    }
    const far = connect({ host: '127.0.0.1', port: this.targetPort, noDelay: true });
    near.setNoDelay(true);
    const end = (): void => [near, far].forEach((socket) => socket.destroy());
    for (const socket of [near, far]) {
      this.sockets.add(socket);
      socket.on('error', end).on('close', () => {
        this.sockets.delete(socket);
        end();
      });
    }
    let loses = false;
    near.on('data', (chunk: Buffer) => {
      if (this.losing && !this.losing.isDone && chunk.includes(this.losing.request)) {
        this.losing.isDone = true;
        loses = true;
      }
      far.write(chunk);
    });
    far.on('data', (chunk: Buffer) => (loses ? end() : near.write(chunk)));
  }
}
