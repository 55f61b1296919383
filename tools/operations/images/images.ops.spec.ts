import { randomBytes } from 'node:crypto';
import {
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '@tillstream/local';
import { servers, until } from '../../e2e/platform';
import type { BuiltImage } from './image-store';
import { ImageStore, whyNoImages } from './image-store';
import type { RunningImage } from './run-image';
import { runImage } from './run-image';

const WORKERS = ['enricher', 'aggregator', 'session-tracker', 'sink-writer'] as const;
const TARGETS = ['gateway', ...WORKERS, 'query-api', 'connector', 'till'];
const STREAMS = '/etc/tillstream/streams';
const KEPT = '/var/lib/tillstream';
const KEY = 'images-write-key';
const EVENTS = 2_000;
const NOBODY = 65_532;
const BUILD_MS = 30 * 60_000;
const RUN_MS = 120_000;
const READY_MS = 60_000;
/** Beyond Node itself (126 MB) and the C++ library; those with DuckDB have 70 MB of it. */
const MOST_BYTES = 420_000_000;

const reason = whyNoImages();
if (reason !== null) process.stderr.write(`skipped: building the images and starting them: ${reason}\n`);

(reason === null ? describe : describe.skip)('the images', () => {
  const directory = mkdtempSync(join(tmpdir(), 'tillstream-images-'));
  const store = new ImageStore(directory);
  const images = new Map<string, BuiltImage>();
  const running: RunningImage[] = [];
  const image = (target: string): BuiltImage => {
    const found = images.get(target);
    if (!found) throw new Error(`${target} was not built`);
    return found;
  };

  beforeAll(async () => {
    await store.prepareBases();
    for (const target of TARGETS) images.set(target, store.build(target));
    const sizes = [...images].map(([target, { bytes }]) => `${target} ${Math.round(bytes / 1e6)} MB`);
    process.stderr.write(`images: ${sizes.join(', ')}\n`);
  }, BUILD_MS);

  afterAll(async () => {
    await Promise.all(running.map((one) => one.stop()));
    store.close();
    rmSync(directory, { recursive: true, force: true });
  }, RUN_MS);

  it.each(TARGETS)('have in %s no more than it needs: no shell, no npm, no source', (target) => {
    const { root, config, bytes } = image(target);
    expect(config).toMatchObject({ User: '65532:65532', WorkingDir: '/app' });
    expect(
      ['bin/sh', 'bin/bash', 'usr/bin/env', 'usr/local/bin/npm', 'src'].filter((path) => existsSync(join(root, path))),
    ).toEqual([]);
    const packages = readdirSync(join(root, 'app/node_modules'));
    expect(packages.filter((name) => /^(typescript|esbuild|jest|nx|node-linux-)/.test(name))).toEqual([]);
    expect(bytes).toBeLessThan(MOST_BYTES);
  });

  it.each(TARGETS)('bring in %s a bill of all packages that are in it', (target) => {
    const app = join(image(target).root, 'app');
    const bill = JSON.parse(readFileSync(join(app, 'sbom.cdx.json'), 'utf8')) as {
      readonly bomFormat: string;
      readonly components: readonly { readonly name: string; readonly version: string; readonly licenses?: unknown }[];
    };
    expect(bill.bomFormat).toBe('CycloneDX');
    const listed = new Set(bill.components.map(({ name, version }) => `${name}@${version}`));
    const held = packagesIn(join(app, 'node_modules'));
    expect(held.length).toBeGreaterThan(20);
    expect(held.filter((name) => !listed.has(name))).toEqual([]);
    expect(bill.components.filter(({ licenses }) => licenses === undefined)).toEqual([]);
  });

  it('cannot be changed from within, by a user without rights', async () => {
    const attempts = `const { writeFileSync } = require('node:fs');
      const tried = ['/app/main.js', '/etc/passwd', '/x', '/tmp/x'].map((file) => { try { writeFileSync(file, ''); return 'ok'; } catch ({ code }) { return code; } });
      console.log(process.getuid(), ...tried, process.getgroups().join());`;
    const one = await runImage(image('gateway'), { directory, name: 'attempts', args: ['-e', attempts] });
    await expect(one.exited).resolves.toMatchObject({ code: 0 });
    expect(one.log()).toContain(`${NOBODY} EROFS EROFS EROFS ok`);
  });

  it('answer who is within without a shell, as `kubectl exec` is', async () => {
    const ask = async (target: string, question: string): Promise<string> => {
      const options = { directory, name: `${target}-asked`, entrypoint: [], args: ['/app/main.js', question] };
      const one = await runImage(image(target), options);
      await expect(one.exited).resolves.toMatchObject({ code: 0 });
      return one.log();
    };
    expect(await ask('till', '--help')).toContain('doctor [options]');
    expect(await ask('gateway', '--help')).toContain('TILLSTREAM_WRITE_KEYS');
  });

  it('wait to be asked, as the chart has the one with the command line do, and end when they are told to', async () => {
    const template = readFileSync('helm/tillstream/templates/till.yaml', 'utf8');
    const [, words = ''] = /"command" \(list (.*?)\) }}/.exec(template) ?? [];
    const args = JSON.parse(`[${words.replaceAll('" "', '","')}]`) as string[];
    const one = await runImage(image('till'), { directory, name: 'till-waiting', entrypoint: [], args });
    // Whoever comes later finds it there.
    const { exited } = await runImage(image('till'), { directory, name: 'till-after', args: ['--help'] });
    await exited;
    expect(await Promise.race([one.exited, Promise.resolve('waits')])).toBe('waits');
    await one.stop();
    expect(await one.exited).toMatchObject({ code: 0 });
  });

  it(
    'are a platform: events that are sent are answered for and stored, and each service ends when it is told to',
    async () => {
      const { brokers, redisUrl } = servers();
      const stream = `images-${randomBytes(4).toString('hex')}`;
      const [streams, kept] = [join(directory, 'streams'), join(directory, 'kept')];
      for (const path of [streams, kept]) mkdirSync(path);
      chownSync(kept, NOBODY, NOBODY);
      const text = readFileSync('deploy/streams/commerce.yaml', 'utf8').replace(/^stream: .*/m, `stream: ${stream}`);
      writeFileSync(join(streams, 'shop.yaml'), text);
      const common = {
        KAFKA_BROKERS: brokers.join(','),
        REDIS_URL: redisUrl,
        STREAM_FILES: `${STREAMS}/shop.yaml`,
        HTTP_HOST: '127.0.0.1',
        TILLSTREAM_WRITE_KEYS: KEY,
        TILLSTREAM_WRITE_KEY: KEY,
        TILLSTREAM_SINK_LAKE_DEFAULT_WHERE: `${KEPT}/lake`,
      };
      const mounts = { [streams]: STREAMS, [kept]: KEPT };
      let count = 0;
      const till = async (...args: string[]): Promise<string> => {
        const options = { directory, name: `till-${(count += 1)}`, env: common, args, mounts: { [streams]: STREAMS } };
        const one = await runImage(image('till'), options);
        const { code } = await one.exited;
        if (code !== 0) throw new Error(`till ${args.join(' ')} ended with ${code}: ${one.log()}`);
        return one.log();
      };
      const started = new Map<string, RunningImage>();
      const ports = new Map<string, { readonly http: number; readonly grpc: number }>();
      const start = async (target: string): Promise<void> => {
        const [http, grpc] = [await freePort(), await freePort()];
        ports.set(target, { http, grpc });
        const env = { ...common, HTTP_PORT: String(http), GRPC_PORT: String(grpc) };
        const one = await runImage(image(target), { directory, name: target, env, mounts });
        started.set(target, one);
        running.push(one);
      };

      await till('topics', '--create');
      for (const target of ['gateway', ...WORKERS, 'query-api']) await start(target);
      for (const [target, { http }] of ports) {
        // As the orchestrator asks: from within the image, by what the image brings.
        await until(`${target} to be ready`, READY_MS, async () => {
          const options = {
            directory,
            name: `${target}-healthy`,
            args: ['/app/healthy.mjs'],
            env: { HTTP_PORT: String(http) },
          };
          return (await (await runImage(image(target), options)).exited).code === 0;
        }).catch((error: unknown) => {
          throw new Error(`${String(error)}\n${started.get(target)?.log() ?? ''}`);
        });
      }
      const gateway = `http://127.0.0.1:${ports.get('gateway')?.http}`;
      await till(
        'generate',
        '--count',
        String(EVENTS),
        '--rate',
        '0',
        '--seed',
        '7',
        '--stream',
        stream,
        '--to',
        gateway,
      );
      const query = `127.0.0.1:${ports.get('query-api')?.grpc}`;
      await until('an answer that counts all that was sent', READY_MS, async () => {
        const said = await till('query', 'windows', 'peak_hours', '--json', '--stream', stream, '--query', query);
        return eventsIn(said) === EVENTS;
      });
      await until('files in the lake', READY_MS, () =>
        Promise.resolve(readdirSync(kept, { recursive: true }).some((file) => String(file).endsWith('.parquet'))),
      );

      await Promise.all(running.map((one) => one.stop()));
      const codes = await Promise.all(running.map(async ({ exited }) => (await exited).code));
      expect(codes).toEqual(running.map(() => 0));
    },
    5 * RUN_MS,
  );
});

/** `name@version` of each package there, those within others too. */
function packagesIn(directory: string): string[] {
  const manifests = readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter(
    (path) => /^(?:.*\/node_modules\/)?(?:@[^/]+\/)?[^/]+\/package\.json$/.test(path) && !path.startsWith('.'),
  );
  return manifests.map((path) => {
    const { name, version } = JSON.parse(readFileSync(join(directory, path), 'utf8')) as {
      name: string;
      version: string;
    };
    return `${name}@${version}`;
  });
}

/** Of the windows that `till query windows peak_hours --json` has written, one object a line. */
function eventsIn(lines: string): number {
  const windows = lines
    .split('\n')
    .flatMap((line) => (line.startsWith('{') ? [JSON.parse(line) as { measures: { events: number } }] : []));
  return windows.reduce((sum, { measures }) => sum + measures.events, 0);
}
