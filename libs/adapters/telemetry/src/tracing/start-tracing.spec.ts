import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';

/** The start of a program: tracing first, then a batch, then the end. Says which packages of the SDK were loaded. */
const PROGRAM = `
import { startTracing } from './start-tracing';
const tracing = startTracing('enricher');
import { createBatchTracer } from './batch-tracer';

async function main() {
  const batch = { name: 'enrich', topic: 'commerce.raw.v1', partition: 0, records: [] };
  const headers = await createBatchTracer('commerce.enricher').batch(batch, async (given) => given);
  await tracing?.shutdown();
  const loaded = Object.keys(require.cache).some((file) => file.includes('sdk-node'));
  console.log(JSON.stringify({ traced: Object.keys(headers), loaded }));
}
void main();
`;

/** The same, with a batch that gives a script to Redis, which answers OK to whatever it is asked. */
const PROGRAM_WITH_REDIS = `
import { startTracing } from './start-tracing';
const tracing = startTracing('enricher');
import { once } from 'node:events';
import { createServer } from 'node:net';
import { createBatchTracer } from './batch-tracer';
const { Redis } = require('ioredis');

async function main() {
  const server = createServer((socket) =>
    socket.on('data', (data) => socket.write('+OK\\r\\n'.repeat(data.toString().match(/^\\*/gm).length))));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const redis = new Redis({ port: server.address().port, host: '127.0.0.1', enableReadyCheck: false });
  const batch = { name: 'enrich', topic: 'commerce.raw.v1', partition: 0, records: [] };
  const answer = await createBatchTracer('commerce.enricher').batch(batch, () =>
    redis.eval('planted script', 1, 'planted key', 'planted checkpoint'));
  redis.disconnect();
  server.close();
  await tracing?.shutdown();
  console.log(JSON.stringify(answer));
}
void main();
`;

describe('a program that starts with startTracing', () => {
  let program: string;

  beforeAll(async () => {
    program = await bundled(PROGRAM);
  });

  async function bundled(contents: string): Promise<string> {
    const { outputFiles } = await build({
      stdin: { contents, resolveDir: __dirname, loader: 'ts' },
      bundle: true,
      platform: 'node',
      format: 'cjs',
      packages: 'external',
      tsconfigRaw: {},
      write: false,
    });
    return outputFiles[0]!.text;
  }

  async function run(environment: Record<string, string>, text = program): Promise<unknown> {
    const root = join(__dirname, '../../../../..');
    const { PATH } = process.env;
    const running = promisify(execFile)(process.execPath, ['-'], { cwd: root, env: { PATH, ...environment } });
    running.child.stdin!.end(text);
    return JSON.parse((await running).stdout);
  }

  it('loads nothing of the SDK without an endpoint', async () => {
    expect(await run({})).toEqual({ traced: [], loaded: false });
  });

  /** Runs the program beside somebody who takes what is sent there. */
  async function sentBy(
    environment: (address: string) => Record<string, string>,
    text?: string,
  ): Promise<{ said: unknown; received: { url: string; body: string }[] }> {
    const received: { url: string; body: string }[] = [];
    const collector = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        received.push({ url: request.url ?? '', body: Buffer.concat(chunks).toString('latin1') });
        response.end();
      });
    });
    collector.listen(0, '127.0.0.1');
    await once(collector, 'listening');
    const { port } = collector.address() as AddressInfo;
    const said = await run(environment(`http://127.0.0.1:${port}`), text);
    collector.close();
    return { said, received };
  }

  it('sends its spans to the endpoint that the standard variables name', async () => {
    const { said, received } = await sentBy((address) => ({
      OTEL_EXPORTER_OTLP_ENDPOINT: address,
      OTEL_TRACES_SAMPLER: 'always_on',
    }));
    expect(said).toEqual({ traced: ['traceparent'], loaded: true });
    expect(received.map(({ url }) => url)).toEqual(['/v1/traces']);
    expect(received[0]!.body).toContain('enrich commerce.raw.v1');
    expect(received[0]!.body).toContain('tillstream-enricher');
  });

  it('sends them to Zipkin when the variables say so', async () => {
    const { said, received } = await sentBy((address) => ({
      OTEL_TRACES_EXPORTER: 'zipkin',
      OTEL_EXPORTER_ZIPKIN_ENDPOINT: `${address}/api/v2/spans`,
      OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
      OTEL_TRACES_SAMPLER_ARG: '1',
    }));
    expect(said).toEqual({ traced: ['traceparent'], loaded: true });
    expect(received.map(({ url }) => url)).toEqual(['/api/v2/spans']);
    expect(JSON.parse(received[0]!.body)).toMatchObject([
      { name: 'enrich commerce.raw.v1', kind: 'SERVER', localEndpoint: { serviceName: 'tillstream-enricher' } },
    ]);
  });

  it('tells which command Redis was given, and nothing of what stood in it', async () => {
    const program = await bundled(PROGRAM_WITH_REDIS);
    const { said, received } = await sentBy(
      (address) => ({
        OTEL_EXPORTER_OTLP_ENDPOINT: address,
        OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
        OTEL_TRACES_SAMPLER: 'always_on',
      }),
      program,
    );
    expect(said).toBe('OK');
    const told = received.map(({ body }) => body).join();
    expect(told).toMatch(/"name":"eval"/i);
    expect(told).not.toContain('planted');
  });

  it('samples one batch in a hundred unless told otherwise', async () => {
    const { said, received } = await sentBy((address) => ({
      OTEL_EXPORTER_OTLP_ENDPOINT: address,
      OTEL_TRACES_SAMPLER_ARG: '0', // the share alone
    }));
    expect(said).toEqual({ traced: [], loaded: true });
    expect(received).toEqual([]);
  });

  it('refuses a sampler that it does not know', async () => {
    const wrong = { OTEL_TRACES_EXPORTER: 'zipkin', OTEL_TRACES_SAMPLER: 'sometimes' };
    await expect(run(wrong)).rejects.toThrow('OTEL_TRACES_SAMPLER is "sometimes"; it may be always_on');
  });
});
