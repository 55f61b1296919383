import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { kafkaFault } from './connection-fault';
import { KafkaCluster } from './kafka-cluster';

/** That there is no request it knows, and no haste. */
const NO_VERSIONS = Buffer.alloc(10);

function answerTo(request: Buffer, body: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.writeInt32BE(4 + body.length);
  request.copy(head, 4, 8, 12); // correlation id
  return Buffer.concat([head, body]);
}

describe('a cluster that is asked whether it is there', () => {
  let server: Server;
  let answer: (socket: Socket, request: Buffer) => void;
  let cluster: KafkaCluster;

  beforeEach(async () => {
    server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.on('data', (request: Buffer) => answer(socket, request));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    cluster = new KafkaCluster({ brokers: [`127.0.0.1:${port}`], clientId: 'test' });
  });
  afterEach(async () => {
    await cluster.close();
    await new Promise((resolve) => server.close(resolve));
  });

  it('answers when it takes requests', async () => {
    answer = (socket, request) => socket.write(answerTo(request, NO_VERSIONS));
    await expect(cluster.ping()).resolves.toBeUndefined();
  });

  it('tells why not: a broker that wants a login hangs up at the first request that needs one', async () => {
    let answered = 0;
    answer = (socket, request) => {
      answered += 1;
      if (answered === 1) socket.write(answerTo(request, NO_VERSIONS));
      else socket.end();
    };
    const error: unknown = await cluster.ping().catch((thrown: unknown) => thrown);
    expect(kafkaFault(error)).toMatchObject({ kind: 'tls-wanted' });
  });
});
