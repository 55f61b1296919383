import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net';
import type { ISocketFactory } from 'kafkajs';

/** What becomes of an answer: passed on, or swallowed together with its connection. */
export type Fate = 'pass' | 'drop';

const PRODUCE = 0;
const FETCH = 1;

/** Cuts a stream of bytes into Kafka's messages, each behind its length. */
class Frames {
  #rest = Buffer.alloc(0);

  /** The frames that are complete now, lengths included. */
  push(chunk: Buffer): Buffer[] {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    const frames: Buffer[] = [];
    while (this.#rest.length >= 4 && this.#rest.length >= 4 + this.#rest.readInt32BE(0)) {
      const end = 4 + this.#rest.readInt32BE(0);
      frames.push(this.#rest.subarray(0, end));
      this.#rest = this.#rest.subarray(end);
    }
    return frames;
  }
}

/** Stands between clients and one broker, loses answers to produce requests, and cuts connections. */
export class FaultyProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #refusing = false;
  /** Fetch requests that came by. */
  fetches = 0;
  /** Decides about each answer to a produce request, in the order in which they come. */
  fateOfProduce: () => Fate = () => 'pass';

  private constructor(private readonly broker: { readonly host: string; readonly port: number }) {
    this.#server = createServer((client) => this.join(client));
  }

  static async before(address: string): Promise<FaultyProxy> {
    const [host = '', port = ''] = address.split(':');
    const proxy = new FaultyProxy({ host, port: Number(port) });
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  /** Leads every connection of a client through this proxy, whatever address the broker gives itself. */
  readonly socketFactory: ISocketFactory = ({ onConnect }) =>
    connect({ host: '127.0.0.1', port: (this.#server.address() as AddressInfo).port }, onConnect);

  /** Cuts every connection and takes no new one until `mend`. */
  cut(): void {
    this.#refusing = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  mend(): void {
    this.#refusing = false;
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  private join(client: Socket): void {
    if (this.#refusing) {
      client.destroy();
      return;
    }
    const broker = connect(this.broker);
    const produces = new Set<number>();
    const requests = new Frames();
    const answers = new Frames();
    const end = (): void => {
      client.destroy();
      broker.destroy();
      this.#sockets.delete(client);
      this.#sockets.delete(broker);
    };
    for (const socket of [client, broker]) {
      this.#sockets.add(socket);
      socket.on('error', end).on('close', end);
    }
    client.on('data', (chunk) => {
      for (const frame of requests.push(chunk)) {
        const api = frame.readInt16BE(4);
        if (api === PRODUCE) produces.add(frame.readInt32BE(8));
        if (api === FETCH) this.fetches++;
      }
      broker.write(chunk);
    });
    broker.on('data', (chunk) => {
      for (const frame of answers.push(chunk)) {
        if (produces.delete(frame.readInt32BE(4)) && this.fateOfProduce() === 'drop') {
          end();
          return;
        }
        client.write(frame);
      }
    });
  }
}
