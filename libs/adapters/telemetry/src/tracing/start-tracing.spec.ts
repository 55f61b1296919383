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

describe('a program that starts with startTracing', () => {
  let program: string;

  beforeAll(async () => {
    const { outputFiles } = await build({
      stdin: { contents: PROGRAM, resolveDir: __dirname, loader: 'ts' },
      bundle: true,
      platform: 'node',
      format: 'cjs',
      packages: 'external',
      tsconfigRaw: {},
      write: false,
    });
    program = outputFiles[0]!.text;
  });

  async function run(environment: Record<string, string>): Promise<unknown> {
    const root = join(__dirname, '../../../../..');
    const { PATH } = process.env;
    const running = promisify(execFile)(process.execPath, ['-'], { cwd: root, env: { PATH, ...environment } });
    running.child.stdin!.end(program);
    return JSON.parse((await running).stdout);
  }

  it('loads nothing of the SDK without an endpoint', async () => {
    expect(await run({})).toEqual({ traced: [], loaded: false });
  });

  it('sends its spans to the endpoint that the standard variables name', async () => {
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
    const said = await run({ OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}` });
    collector.close();
    expect(said).toEqual({ traced: ['traceparent'], loaded: true });
    expect(received.map(({ url }) => url)).toEqual(['/v1/traces']);
    expect(received[0]!.body).toContain('process commerce.raw.v1');
    expect(received[0]!.body).toContain('tillstream-enricher');
  });
});
