import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import Connection from 'kafkajs/src/network/connection';
import createSocketFactory from 'kafkajs/src/network/socketFactory';
import type { Connection as BrokerConnection } from 'kafkajs/src/broker';
import { sendParts } from '../protocol/send-parts';
import { kafkajsLogger, SILENT } from './kafkajs-logger';
import { repairKafkajs } from './repair-kafkajs';

repairKafkajs();

const ANSWER = Buffer.from('an answer');

/** A request of four bytes whose answer is given as it comes. */
const EXCHANGE = {
  request: {
    apiKey: 3,
    apiVersion: 0,
    apiName: 'Anything',
    encode: () => Promise.resolve({ buf: Buffer.alloc(4), buffer: Buffer.alloc(4) }),
  },
  response: {
    decode: (payload: Buffer) => Promise.resolve({ text: payload.toString(), clientSideThrottleTime: 0 }),
    parse: (data: { text: string }) => Promise.resolve(data),
  },
};

function answerTo(request: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.writeInt32BE(4 + ANSWER.length);
  request.copy(head, 4, 8, 12); // correlation id
  return Buffer.concat([head, ANSWER]);
}

describe('a connection that breaks', () => {
  let server: Server;
  let connection: Connection;
  let sockets: Socket[];
  let answer: (socket: Socket, request: Buffer) => void;

  beforeEach(async () => {
    sockets = [];
    server = createServer((socket) => {
      sockets.push(socket);
      socket.on('error', () => undefined);
      socket.on('data', (request: Buffer) => answer(socket, request));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    connection = new Connection({
      host: '127.0.0.1',
      port: (server.address() as AddressInfo).port,
      logger: kafkajsLogger(SILENT),
      socketFactory: createSocketFactory(),
      requestTimeout: 200,
      connectionTimeout: 10_000,
    });
  });
  afterEach(async () => {
    await connection.disconnect();
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });

  it('in the middle of an answer understands the answers of the next one', async () => {
    answer = (socket, request) => socket.end(answerTo(request).subarray(0, 10));
    await connection.connect();
    await expect(connection.send(EXCHANGE)).rejects.toThrow('Closed connection');
    answer = (socket, request) => socket.write(answerTo(request));
    await connection.connect();
    await expect(connection.send(EXCHANGE)).resolves.toMatchObject({ text: ANSWER.toString() });
  });

  it('while it is being ended leaves nobody waiting', async () => {
    let asked: () => void = () => undefined;
    const isAsked = new Promise<void>((resolve) => (asked = resolve));
    answer = () => asked();
    await connection.connect();
    const sent = connection.send(EXCHANGE);
    const outcome = expect(sent).rejects.toThrow('Closed connection');
    await isAsked;
    const ended = connection.disconnect();
    sockets[0]?.end();
    await outcome;
    await ended;
  });

  it('without a word is given up also by what is sent in parts', async () => {
    answer = () => undefined;
    await connection.connect();
    const parts = { apiKey: 0, apiVersion: 7, apiName: 'Produce', body: [Buffer.alloc(20_000)] };
    const now = jest.spyOn(Date, 'now');
    const sent = sendParts(connection as unknown as BrokerConnection, { ...parts, decode: () => ({ throttleMs: 0 }) });
    now.mockReturnValue(0);
    await expect(sent).rejects.toThrow('without an answer');
    now.mockRestore();
    expect(connection.isConnected()).toBe(false);
  });

  it('without a word is given up, also when the clock is set back', async () => {
    answer = () => undefined;
    await connection.connect();
    const now = jest.spyOn(Date, 'now');
    const sent = connection.send(EXCHANGE);
    now.mockReturnValue(0);
    await expect(sent).rejects.toThrow('without an answer');
    now.mockRestore();
    expect(connection.isConnected()).toBe(false);
    const closed = sockets[0] && !sockets[0].destroyed ? once(sockets[0], 'close') : Promise.resolve();
    await closed;
  });
});
