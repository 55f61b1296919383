import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { freePort } from '@tillstream/local';
import { SeededRandom } from '@tillstream/engine/testing';
import { TcpLink } from './tcp-link';

describe('a link that is treated badly', () => {
  let server: Server;
  let link: TcpLink;
  let heard: string[];
  const sockets: Socket[] = [];

  beforeEach(async () => {
    heard = [];
    server = createServer((socket) => {
      sockets.push(socket);
      socket.on('error', () => undefined);
      socket.on('data', (chunk: Buffer) => {
        heard.push(chunk.toString());
        socket.write(`answer to ${chunk.toString()}`);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    link = new TcpLink('a client', 'broker', await freePort(), (server.address() as AddressInfo).port);
    await link.listen();
  });
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await link.close();
    await new Promise((resolve) => server.close(resolve));
  });

  const open = async (): Promise<Socket> => {
    const socket = connect({ host: '127.0.0.1', port: link.port });
    sockets.push(socket.on('error', () => undefined)); // bytes that were not read make the end of a connection an error
    await once(socket, 'connect');
    return socket;
  };
  const end = (socket: Socket): Promise<void> => new Promise((resolve) => socket.once('close', () => resolve()));
  const ask = async (socket: Socket, text: string): Promise<string> => {
    socket.write(text);
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    return chunk.toString();
  };

  it('passes on what comes', async () => {
    expect(await ask(await open(), 'one')).toBe('answer to one');
  });

  it('keeps the order of what it delays', async () => {
    const socket = await open();
    link.delay(20);
    socket.write('a');
    const first = ask(socket, 'b');
    link.mend();
    socket.write('c');
    await first;
    while (heard.join('') !== 'abc') await once(socket, 'data');
  });

  it('ends every connection when it is cut, and takes new ones when it is mended', async () => {
    const socket = await open();
    await ask(socket, 'one');
    const ended = end(socket);
    link.cut();
    await ended;
    link.mend();
    expect(await ask(await open(), 'two')).toBe('answer to two');
  });

  it('loses an answer with its connection, after the request has taken effect', async () => {
    const socket = await open();
    link.swallowAnswers(1, new SeededRandom(1));
    const ended = end(socket);
    socket.write('one');
    await ended;
    expect(heard).toEqual(['one']);
  });

  it('ends what was stalled when it is mended: bytes are missing there', async () => {
    const socket = await open();
    await ask(socket, 'one');
    link.stall();
    socket.write('two');
    const ended = end(socket);
    link.mend();
    await ended;
    expect(heard).toEqual(['one']);
  });

  it('lets everything through in the end when it is narrow', async () => {
    const socket = await open();
    link.throttle(200_000);
    const text = 'x'.repeat(10_000);
    socket.write(text);
    while (heard.join('').length < text.length) await once(socket, 'data');
    expect(heard.join('')).toBe(text);
  });
});
