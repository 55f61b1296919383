import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { request as plainRequest } from 'node:http';
import { request, type RequestOptions } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { credentials, Metadata, type ChannelCredentials, type ServiceError } from '@grpc/grpc-js';
import { hashOfKey } from '@tillstream/config';
import { Authority, writePair, type Pair } from '@tillstream/config/testing';
import { Platform, until } from '../../e2e/platform';
import { till, type CommandOutcome } from '../../e2e/till';
import { queryStubWith } from '../../rig/grpc-stubs';

const MIB = 1024 * 1024;
const [FIRST, SECOND, READER] = ['first-write-key', 'second-write-key', 'first-read-key'];
const TAKEN_UP_WITHIN_MS = 15_000;
const DAYS_AGO = { fromDays: -9, toDays: -1 };

let directory: string;
let ours: Authority;
let others: Authority;
let me: Pair;
let platform: Platform;

const file = (name: string): string => join(directory, name);
/** As a whole: the old file or the new one. */
function write(name: string, text: string): void {
  writeFileSync(file(`${name}.new`), text);
  renameSync(file(`${name}.new`), file(name));
}
const writeKeys = (...entries: readonly string[]): void => write('write-keys.yaml', `keys: [${entries.join(', ')}]\n`);
const entry = (key: string, more = ''): string => `{name: shop, sha256: ${hashOfKey(key)}${more}}`;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'tillstream-doors-'));
  [ours, others] = [await Authority.create('ours'), await Authority.create('others')];
  me = await ours.sign('me');
  write('ca.pem', ours.pem);
  writeKeys(entry(FIRST));
  write('read-keys.yaml', `keys: [{name: me, sha256: ${hashOfKey(READER)}}]\n`);
  const server = writePair(directory, 'server', await ours.sign('server'));
  const client = writePair(directory, 'client', me);
  platform = new Platform((same) => same, {
    TILLSTREAM_TLS_CERT_FILE: server.certFile,
    TILLSTREAM_TLS_KEY_FILE: server.keyFile,
    TILLSTREAM_TLS_CLIENT_CA_FILE: file('ca.pem'),
    TILLSTREAM_CA_FILE: file('ca.pem'),
    TILLSTREAM_CLIENT_CERT_FILE: client.certFile,
    TILLSTREAM_CLIENT_KEY_FILE: client.keyFile,
    TILLSTREAM_WRITE_KEYS: '',
    TILLSTREAM_WRITE_KEYS_FILE: file('write-keys.yaml'),
    TILLSTREAM_READ_KEYS_FILE: file('read-keys.yaml'),
    TILLSTREAM_READ_KEY: READER,
  });
  await platform.createTopics();
  await platform.startAll();
}, 120_000);

afterAll(async () => {
  await platform.stop();
  rmSync(directory, { recursive: true });
}, 60_000);

const gatewayPort = (): number => platform.service('gateway').http;
const queryPort = (): number => platform.service('query-api').grpc ?? 0;
const query = (...args: readonly string[]): Promise<CommandOutcome> =>
  till(platform, 'query', 'metrics', '--query', `grpcs://127.0.0.1:${queryPort()}`, ...args);
const generate = (to: string, key: string): Promise<CommandOutcome> =>
  till(platform, 'generate', '--to', to, '--key', key, '--rate', '0', '--count', '200', '--give-up-after', '1s');

/** The status of an answer of the gateway; the error when there is none. */
function send(key: string, body: Buffer | string = '[]', more: RequestOptions = {}): Promise<number | string> {
  const options = {
    ...{ host: '127.0.0.1', port: gatewayPort(), method: 'POST', path: `/v1/streams/${platform.stream}/events` },
    ...{ servername: 'localhost', ca: ours.pem, ...me, agent: false, ...more },
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...more.headers },
  };
  return new Promise((resolve) => {
    const call = request(options as RequestOptions, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    });
    call.on('error', ({ code, message }: NodeJS.ErrnoException) => resolve(code ?? message));
    call.end(body);
  });
}

/** What the query API tells of its metrics: how many, or the details of the refusal. */
function ask(
  channel: ChannelCredentials,
  port = queryPort(),
  more: Record<string, string> = {},
): Promise<number | string> {
  const stub = queryStubWith(`127.0.0.1:${port}`, channel);
  const metadata = new Metadata();
  for (const [name, value] of Object.entries({ authorization: `Bearer ${READER}`, ...more })) metadata.set(name, value);
  return new Promise((resolve) =>
    stub.listMetrics({ stream: platform.stream }, metadata, (error: ServiceError | null, answer) => {
      stub.close();
      resolve(error ? `refused: ${error.details}` : answer.metrics.length);
    }),
  );
}
const channelOf = (ca: string, pair?: Pair): ChannelCredentials =>
  credentials.createSsl(Buffer.from(ca), pair ? Buffer.from(pair.key) : null, pair ? Buffer.from(pair.cert) : null);

describe('a platform whose doors are locked', () => {
  it('takes events and answers questions of those with a certificate and a key', async () => {
    const sent = await generate(`https://127.0.0.1:${gatewayPort()}`, FIRST);
    expect([sent.code, sent.stderr]).toEqual([0, expect.stringMatching(/200/)]);
    expect(await query()).toMatchObject({ code: 0 });
    expect(await ask(channelOf(ours.pem, me))).toBe(3);
  });

  it.each<[string, () => Promise<Pair | undefined>]>([
    ['without a certificate', () => Promise.resolve(undefined)],
    ['with one of somebody else', () => others.sign('me')],
    ['with one that has expired', () => ours.sign('me', DAYS_AGO)],
    ['with one that does not hold yet', () => ours.sign('me', { fromDays: 1, toDays: 9 })],
  ])('lets nobody in %s', async (_name, sign) => {
    const pair = await sign();
    expect(await send(FIRST, '[]', { cert: pair?.cert, key: pair?.key })).toBe(403);
    for (const service of ['gateway', 'session-tracker', 'query-api'] as const) {
      expect(await ask(channelOf(ours.pem, pair), platform.service(service).grpc ?? 0)).toMatch(/^refused: /);
    }
  });

  it('answers nothing in clear, and nobody who does not trust it', async () => {
    expect(await ask(credentials.createInsecure())).toMatch(/^refused: /);
    expect(await ask(channelOf(others.pem, me))).toMatch(/^refused: .*certificate/);
    expect(await send(FIRST, '[]', { ca: others.pem })).toMatch(/CERT|VERIFY/);
    const inClear = new Promise((resolve) =>
      plainRequest({ host: '127.0.0.1', port: gatewayPort() }, ({ statusCode }) => resolve(statusCode))
        .on('error', ({ code }: NodeJS.ErrnoException) => resolve(code))
        .end(),
    );
    expect(await inClear).toBe('ECONNRESET');
  });

  it('is explained by till', async () => {
    write('others.pem', others.pem);
    const untrusted = await query('--ca', file('others.pem'));
    expect([untrusted.code, untrusted.stderr]).toEqual([
      1,
      expect.stringMatching(/no TLS with .*certificate[^]*Give --ca/),
    ]);
    const gateway = `https://127.0.0.1:${gatewayPort()}`;
    const sent = await till(
      platform,
      'generate',
      ...['--to', gateway, '--key', FIRST, '--count', '1'],
      '--ca',
      file('others.pem'),
    );
    expect([sent.code, sent.stderr]).toEqual([1, expect.stringMatching(/no TLS with https:[^]*Give --ca/)]);
    const missing = await query('--cert', file('nothing.pem'), '--cert-key', file('nothing.key'));
    expect([missing.code, missing.stderr]).toEqual([1, expect.stringContaining('--cert: ')]);
  });

  it('refuses keys it does not know, whose time is over, and that have sent enough', async () => {
    expect(await send('no-such-key')).toBe(401);
    expect(await query('--key', 'no-such-key')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('not known'),
    });
    writeKeys(
      entry(FIRST),
      entry('expired-key', ', expires: 2020-01-01T00:00:00Z'),
      entry('slow-key', ', requestsPerSecond: 1'),
    );
    await until('the limited key to be known', TAKEN_UP_WITHIN_MS, async () => (await send('slow-key')) !== 401);
    expect(await send('expired-key')).toBe(401);
    expect(await Promise.all([1, 2, 3].map(() => send('slow-key')))).toContain(429);
  });

  it('exchanges a key while it runs, and the old one cannot be shown again', async () => {
    expect(await send(FIRST)).toBe(400); // let in, with nothing in hand
    writeKeys(entry(FIRST), entry(SECOND));
    await until('the new key to open', TAKEN_UP_WITHIN_MS, async () => (await send(SECOND)) === 400);
    writeKeys(entry(SECOND));
    await until('the old key to be refused', TAKEN_UP_WITHIN_MS, async () => (await send(FIRST)) === 401);
    writeKeys('{name: broken, sha256: oops}');
    await until('the mistake to be told', TAKEN_UP_WITHIN_MS, async () =>
      platform.logOf('gateway').includes('keys_not_usable'),
    );
    expect([await send(SECOND), await send(FIRST)]).toEqual([400, 401]);
    for (const key of [FIRST, SECOND, READER]) {
      for (const service of ['gateway', 'session-tracker', 'query-api'] as const) {
        expect(platform.logOf(service)).not.toContain(key);
      }
    }
  });

  it.each<[string, Buffer | string, RequestOptions, readonly (number | string)[]]>([
    // Who wants the connection closed may see it closed before the answer.
    ['a body', Buffer.alloc(8 * MIB + 1, ' '), { headers: { connection: 'keep-alive' } }, [413]],
    ['a header', '[]', { headers: { 'x-long': 'x'.repeat(17_000) } }, [431]],
    ['an address', '[]', { path: `/v1/streams/${'x'.repeat(17_000)}/events` }, [431]],
    ['the name of a stream', '[]', { path: `/v1/streams/${'x'.repeat(1_000)}/events` }, [404, 414]],
  ])('refuses %s that is too long', async (_name, body, more, statuses) => {
    expect(statuses).toContain(await send(SECOND, body, more));
  });

  it('refuses metadata that is too long', async () => {
    expect(await ask(channelOf(ours.pem, me), queryPort(), { 'x-long': 'x'.repeat(100_000) })).toMatch(/^refused: /);
    expect(await ask(channelOf(ours.pem, me))).toBe(3);
  });

  it('shows a new certificate on both its doors while it runs', async () => {
    writePair(directory, 'server', await ours.sign('renewed'));
    for (const port of [gatewayPort(), platform.service('gateway').grpc ?? 0, queryPort()]) {
      await until(
        'the new certificate to be shown',
        TAKEN_UP_WITHIN_MS,
        async () => (await shownName(port)) === 'CN=renewed',
      );
    }
    expect(await send(SECOND)).toBe(400);
    expect(await ask(channelOf(ours.pem, me))).toBe(3);
  });

  it('does not start with a certificate that has expired, and says which', async () => {
    const { certFile, keyFile } = writePair(directory, 'expired', await ours.sign('expired', DAYS_AGO));
    const { code, said } = await platform.refusal('query-api', {
      TILLSTREAM_TLS_CERT_FILE: certFile,
      TILLSTREAM_TLS_KEY_FILE: keyFile,
    });
    expect([code, said]).toEqual([
      1,
      expect.stringMatching(/TILLSTREAM_TLS_CERT_FILE: .*expired.pem has expired on 20/),
    ]);
  });
});

function shownName(port: number): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const options = {
      host: '127.0.0.1',
      port,
      servername: 'localhost',
      ca: ours.pem,
      ...me,
      ALPNProtocols: ['h2', 'http/1.1'],
    };
    const socket = connect(options, () => {
      resolve(socket.getPeerX509Certificate()?.subject);
      socket.destroy();
    }).on('error', reject);
  });
}
