import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { runCli } from '../run-cli';
import { recordingContext } from '../testing/recording-context';

describe('till log-level', () => {
  let service: Server;
  let asked: string[];
  let answer: { status: number; body: string };
  let url: string;

  beforeEach(async () => {
    [asked, answer] = [[], { status: 200, body: '{}' }];
    service = createServer((request, response) => {
      request.on('data', (chunk: Buffer) => asked.push(`${request.method} ${request.url} ${chunk.toString()}`));
      request.on('end', () => response.writeHead(answer.status).end(answer.body));
    });
    await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(service.address() as AddressInfo).port}`;
  });
  afterEach(() => {
    service.closeAllConnections();
    service.close();
  });

  it('asks a service to log more for a while', async () => {
    const context = recordingContext();
    expect(await runCli(['log-level', url, 'debug', '--for', '2m'], context)).toBe(0);
    expect(asked).toEqual(['PUT /loglevel {"level":"debug","forSeconds":120}']);
    expect(context.output()).toBe(`${url} logs at debug for 120 seconds\n`);
  });

  it('says why a service does not', async () => {
    answer = { status: 403, body: '{"error":{"code":"forbidden","message":"from the machine itself only"}}' };
    const context = recordingContext();
    expect(await runCli(['log-level', url, 'debug'], context)).toBe(1);
    expect(context.notes()).toContain(`${url} answers 403: from the machine itself only`);
  });

  it('says that nobody is there', async () => {
    const context = recordingContext();
    expect(await runCli(['log-level', 'http://127.0.0.1:1', 'debug'], context)).toBe(1);
    expect(context.notes()).toContain('http://127.0.0.1:1 does not answer');
  });
});
