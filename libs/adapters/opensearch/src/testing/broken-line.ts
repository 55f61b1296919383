import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';

/** What becomes of what goes through: all of it passes, answers are lost with their connection, or nobody is there. */
export type LineState = 'passes' | 'loses answers' | 'is cut';

/** Stands between a sink and its store. */
export class BrokenLine {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #state: LineState = 'passes';
  /** Answers lost so far. */
  lost = 0;

  private constructor(private readonly port: number) {
    this.#server = createServer((client) => this.join(client));
  }

  /** @param address `http://127.0.0.1:<port>` of the store */
  static async before(address: string): Promise<BrokenLine> {
    const line = new BrokenLine(Number(new URL(address).port));
    await new Promise<void>((resolve) => line.#server.listen(0, '127.0.0.1', resolve));
    return line;
  }

  get address(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  set state(state: LineState) {
    this.#state = state;
    if (state === 'is cut') this.dropAll();
  }

  async close(): Promise<void> {
    this.dropAll();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  private dropAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  private join(client: Socket): void {
    if (this.#state === 'is cut') {
      client.destroy();
      return;
    }
    const store = connect({ host: '127.0.0.1', port: this.port });
    const end = (): void => {
      client.destroy();
      store.destroy();
      this.#sockets.delete(client);
      this.#sockets.delete(store);
    };
    for (const socket of [client, store]) {
      this.#sockets.add(socket);
      socket.on('error', end).on('close', end);
    }
    client.pipe(store);
    store.on('data', (chunk) => {
      if (this.#state === 'passes') client.write(chunk);
      else {
        this.lost++;
        end();
      }
    });
  }
}
