import { createServer, Socket } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import Broker from 'kafkajs/src/broker';
import Connection from 'kafkajs/src/network/connection';
import ConnectionPool from 'kafkajs/src/network/connectionPool';
import createSocketFactory from 'kafkajs/src/network/socketFactory';
import { kafkajsLogger, SILENT } from './kafkajs-logger';
import { repairKafkajs } from './repair-kafkajs';

repairKafkajs();

const ASKERS = 10;

/** How to open a socket, and how many were opened. */
class Sockets {
  opened = 0;

  constructor(private readonly open: Connection['socketFactory']) {}

  readonly factory: Connection['socketFactory'] = (asked) => {
    this.opened += 1;
    return this.open(asked);
  };
}

describe('a connection to a broker', () => {
  let server: Server;

  beforeEach(() => {
    server = createServer((socket) => void socket.on('error', () => undefined));
  });
  afterEach(() => new Promise((resolve) => server.close(resolve)));

  const listen = (port: number): Promise<void> => new Promise((done) => void server.listen(port, '127.0.0.1', done));
  const settings = (port: number, sockets: Sockets) => ({
    ...{ host: '127.0.0.1', port, logger: kafkajsLogger(SILENT), socketFactory: sockets.factory },
    ...{ requestTimeout: 10_000, connectionTimeout: 10_000 },
  });

  it('is opened once for all who want it, also when it could not be before', async () => {
    await listen(0);
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    const sockets = new Sockets(createSocketFactory() as Connection['socketFactory']);
    const connectionPool = new ConnectionPool(settings(port, sockets));
    const broker = new Broker({ connectionPool, logger: kafkajsLogger(SILENT), versions: {} });
    /** As kafkajs goes about it: whoever fails ends what there is of connections. */
    const askers = (): Promise<string[]> =>
      Promise.all(
        Array.from({ length: ASKERS }, () =>
          broker.connect().then(
            () => 'connected',
            async ({ message }: Error) => {
              await broker.disconnect();
              return message;
            },
          ),
        ),
      );
    expect(new Set(await askers())).toEqual(new Set([expect.stringContaining('ECONNREFUSED')]));
    await listen(port);
    expect(new Set(await askers())).toEqual(new Set(['connected']));
    expect(sockets.opened).toBe(2);
    await broker.disconnect();
  });

  it('that is ended while it is being opened says so at once', async () => {
    const connection = new Connection(settings(9, new Sockets(() => new Socket())));
    const opened = connection.connect();
    await connection.disconnect();
    await expect(opened).rejects.toThrow('was ended');
  });

  it('tells that no socket can be opened, and is tried again', async () => {
    const sockets = new Sockets(() => {
      throw new Error('no such certificate');
    });
    const connection = new Connection(settings(9, sockets));
    await expect(connection.connect()).rejects.toMatchObject({ retriable: true });
    await expect(connection.connect()).rejects.toThrow('no such certificate');
    expect(sockets.opened).toBe(2);
  });
});
