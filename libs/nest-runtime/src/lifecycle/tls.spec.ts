import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { get as httpGet } from 'node:http';
import { get, type RequestOptions } from 'node:https';
import { connect as connectTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type ConnectionOptions } from 'node:tls';
import { credentials, makeGenericClientConstructor, type ServiceDefinition, type ServiceError } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { Controller, Get, Module } from '@nestjs/common';
import { Authority, writePair, type Pair } from '@tillstream/config/testing';
import type { TlsFiles } from '@tillstream/config';
import { protoPath as healthProto } from 'grpc-health-check';
import { createLogger } from '../logging/logger';
import { bootstrap, type RunningService } from './bootstrap';
import type { Service } from './service';

// Files are looked at every second.
jest.setTimeout(30_000);

@Controller()
class SecretController {
  @Get('secret')
  secret(): object {
    return { secret: 42 };
  }
}
@Module({ controllers: [SecretController] })
class SecretModule {}

const service: Service = {
  readinessChecks: [],
  start: async () => undefined,
  drain: async () => undefined,
  close: async () => undefined,
};

let directory: string;
let ours: Authority;
let others: Authority;
let running: RunningService | null;
let log: string[];

beforeAll(async () => {
  ours = await Authority.create('ours');
  others = await Authority.create('others');
});
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tls-'));
  running = null;
  log = [];
});
afterEach(async () => {
  await running?.close();
  rmSync(directory, { recursive: true });
});

/** Files of a server of ours that asks its clients for certificates, or not. */
async function filesOf(pair: Pair, asksClients = false): Promise<TlsFiles> {
  const clientCaFile = join(directory, 'clients.pem');
  writeFileSync(clientCaFile, ours.pem);
  return { ...writePair(directory, 'server', pair), clientCaFile: asksClients ? clientCaFile : null };
}

async function serve(tls: TlsFiles): Promise<RunningService> {
  running = await bootstrap(SecretModule, {
    service,
    http: { host: '127.0.0.1', port: 0, tls },
    grpc: { host: '127.0.0.1', port: 0, protoRoot: directory, protoFiles: [], services: [] },
    metrics: { metrics: async () => '' },
    logger: createLogger('test', 'info', { write: (line) => void log.push(line) }),
    drain: { timeoutMs: 1_000, noticeMs: 0 },
  });
  return running;
}

/** Status and body over HTTPS; the code of the error when there is no answer. */
function ask(path: string, options: RequestOptions = {}): Promise<string> {
  const { httpPort } = running!;
  return new Promise((resolve) => {
    const request = get(
      { host: '127.0.0.1', port: httpPort, path, servername: 'localhost', ca: ours.pem, agent: false, ...options },
      (answer) => {
        let body = '';
        answer.on('data', (chunk: Buffer) => (body += chunk.toString()));
        answer.on('end', () => resolve(`${answer.statusCode} ${body}`));
      },
    );
    request.on('error', ({ code, message }: NodeJS.ErrnoException) => resolve(code ?? message));
  });
}

const health = loadSync(healthProto, { enums: String })['grpc.health.v1.Health'] as ServiceDefinition;
const HealthClient = makeGenericClientConstructor(health, 'Health');

interface HealthStub {
  check(
    request: { readonly service: string },
    answer: (error: ServiceError | null, response: { readonly status: string }) => void,
  ): void;
  close(): void;
}

/** What health answers over gRPC, or the details of the refusal. */
function askHealth(ca: string | null, pair?: Pair): Promise<string> {
  const channel =
    ca === null
      ? credentials.createInsecure()
      : credentials.createSsl(
          Buffer.from(ca),
          pair ? Buffer.from(pair.key) : null,
          pair ? Buffer.from(pair.cert) : null,
        );
  const client = new HealthClient(`127.0.0.1:${running!.grpcPort}`, channel) as unknown as HealthStub;
  return new Promise((resolve) => {
    client.check({ service: '' }, (error, answer) => {
      client.close();
      resolve(error ? `refused: ${error.details}` : answer.status);
    });
  });
}

describe('a service with a certificate', () => {
  it('answers over TLS, HTTP and gRPC, to those who trust who has signed it, and to nobody in clear', async () => {
    await serve(await filesOf(await ours.sign('server')));
    expect(await ask('/secret')).toBe('200 {"secret":42}');
    expect(await ask('/secret', { ca: others.pem })).toBe('UNABLE_TO_VERIFY_LEAF_SIGNATURE');
    expect(await askHealth(ours.pem)).toBe('SERVING');
    expect(await askHealth(others.pem)).toMatch(/^refused: .*unable to verify/);
    expect(await askHealth(null)).toMatch(/^refused: /);
    const inClear = new Promise((resolve) =>
      httpGet({ host: '127.0.0.1', port: running!.httpPort, path: '/secret' }, () => resolve('answered')).on(
        'error',
        () => resolve('cut'),
      ),
    );
    expect(await inClear).toBe('cut');
  });

  it('speaks no TLS before 1.2', async () => {
    await serve(await filesOf(await ours.sign('server')));
    expect(await ask('/secret', { maxVersion: 'TLSv1.1', minVersion: 'TLSv1' })).not.toMatch(/^200/);
    expect(await ask('/secret', { maxVersion: 'TLSv1.2' })).toMatch(/^200/);
  });

  it('shows a new one when its files change, and keeps the old one while they do not fit together', async () => {
    const files = await filesOf(await ours.sign('first'));
    await serve(files);
    expect(await shownName()).toBe('CN=first');
    const second = await ours.sign('second');
    writeFileSync(files.certFile, second.cert);
    await until(async () => log.join('').includes('certificate_not_usable'));
    expect(log.join('')).toContain('is not the key of the certificate in');
    expect([await shownName(), await ask('/secret')]).toEqual(['CN=first', '200 {"secret":42}']);
    writeFileSync(files.keyFile, second.key);
    await until(async () => (await shownName()) === 'CN=second');
    expect(await shownName(running!.grpcPort!)).toBe('CN=second');
    expect(await ask('/secret')).toBe('200 {"secret":42}');
  });

  it.each<[string, { readonly fromDays: number; readonly toDays: number }, RegExp]>([
    ['has expired', { fromDays: -30, toDays: -1 }, /TILLSTREAM_TLS_CERT_FILE: .*server.pem has expired on 20/],
    ['does not hold yet', { fromDays: 1, toDays: 30 }, /server.pem does not hold before 20.*clock of this machine/],
  ])('does not start with one that %s', async (_name, span, problem) => {
    const files = await filesOf(await ours.sign('server', span));
    await expect(serve(files)).rejects.toThrow(problem);
  });

  it('does not start with what is no certificate, no key, or not of one pair, and says which file it is', async () => {
    const files = await filesOf(await ours.sign('server'));
    writeFileSync(files.keyFile, (await ours.sign('other')).key);
    await expect(serve(files)).rejects.toThrow(
      /TILLSTREAM_TLS_KEY_FILE: .*server.key is not the key of the certificate/,
    );
    writeFileSync(files.keyFile, '-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n');
    await expect(serve(files)).rejects.toThrow(/server.key is encrypted: give it without a passphrase/);
    writeFileSync(files.keyFile, 'what?');
    await expect(serve(files)).rejects.toThrow(/server.key holds no private key: it must begin with/);
    writeFileSync(files.certFile, 'what?');
    await expect(serve(files)).rejects.toThrow(/TILLSTREAM_TLS_CERT_FILE: .*server.pem holds no certificate/);
    rmSync(files.certFile);
    await expect(serve(files)).rejects.toThrow(/TILLSTREAM_TLS_CERT_FILE: .*server.pem cannot be read: ENOENT/);
  });

  it('says in time that it expires', async () => {
    await serve(await filesOf(await ours.sign('server', { fromDays: -1, toDays: 13 })));
    expect(log.join('')).toContain('certificate_expires_soon');
  });
});

describe('a service that asks its clients for certificates', () => {
  let client: Pair;
  beforeEach(async () => {
    client = await ours.sign('client');
    await serve(await filesOf(await ours.sign('server'), true));
  });

  it('lets in those that its CA has signed', async () => {
    expect(await ask('/secret', client)).toBe('200 {"secret":42}');
    expect(await askHealth(ours.pem, client)).toBe('SERVING');
  });

  it('lets whoever watches it ask whether it is alive, ready, and how much it does', async () => {
    for (const path of ['/healthz', '/readyz?verbose', '/metrics']) expect(await ask(path)).toMatch(/^200/);
  });

  it.each<[string, () => Promise<Pair>, RegExp]>([
    ['of somebody else', () => others.sign('client'), /client certificate is refused: .*UNABLE_TO_VERIFY/],
    ['that has expired', () => ours.sign('client', { fromDays: -9, toDays: -1 }), /refused: CERT_HAS_EXPIRED/],
    ['that does not hold yet', () => ours.sign('client', { fromDays: 1, toDays: 9 }), /refused: CERT_NOT_YET_VALID/],
  ])('refuses one %s', async (_name, sign, problem) => {
    const pair = await sign();
    const answer = await ask('/secret', pair);
    expect(answer).toMatch(/^403 \{"error":\{"code":"client-certificate"/);
    expect(answer).toMatch(problem);
    expect(await askHealth(ours.pem, pair)).toMatch(/^refused: /);
  });

  it('lets in those of another CA once its file has that, and no more those of the one before', async () => {
    const theirs = await others.sign('client');
    writeFileSync(join(directory, 'clients.pem'), others.pem);
    await until(async () => (await ask('/secret', theirs)) === '200 {"secret":42}');
    expect(await askHealth(ours.pem, theirs)).toBe('SERVING');
    expect(await ask('/secret', client)).toMatch(/^403 .*client certificate is refused/);
    expect(await askHealth(ours.pem, client)).toMatch(/^refused: /);
  });

  it('refuses who shows none, whatever is asked', async () => {
    const refused = '403 {"error":{"code":"client-certificate","message":"a client certificate is needed"}}';
    for (const path of ['/secret', '/nothing', '/healthz/..//secret', '//healthz'])
      expect(await ask(path)).toBe(refused);
    expect(await askHealth(ours.pem)).toMatch(/^refused: /);
    expect(await askHealth(null)).toMatch(/^refused: /);
  });

  it.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'refuses who shows none and takes the session up in which one was shown: %s',
    async (version) => {
      const options = {
        host: '127.0.0.1',
        port: running!.httpPort,
        ca: ours.pem,
        minVersion: version,
        maxVersion: version,
      } as const;
      const sessions: Buffer[] = [];
      const letIn = await exchange({ ...options, ...client }, '/secret', (session) => sessions.push(session));
      expect(letIn).toMatch(/^HTTP\/1.1 200 /);
      const session = sessions.at(-1);
      const answer = await exchange({ ...options, ...(session && { session }) }, '/secret');
      expect(answer).toMatch(/^HTTP\/1.1 403 /);
    },
  );
});

/** Subject of the certificate that is shown. */
function shownName(port = running!.httpPort): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, ca: ours.pem, ALPNProtocols: ['h2', 'http/1.1'] }, () => {
      resolve(socket.getPeerX509Certificate()?.subject);
      socket.destroy();
    }).on('error', reject);
  });
}

function exchange(
  options: ConnectionOptions,
  path: string,
  onSession: (session: Buffer) => unknown = () => undefined,
): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(
      options,
      () => void socket.write(`GET ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`),
    );
    socket.on('session', onSession);
    socket.on('data', (chunk: Buffer) => (answer += chunk.toString()));
    socket.on('close', () => resolve(answer)).on('error', reject);
  });
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 20));
}

it('cuts off who begins a handshake and does not end it', async () => {
  running = await bootstrap(SecretModule, {
    service,
    http: {
      host: '127.0.0.1',
      port: 0,
      tls: await filesOf(await ours.sign('server')),
      limits: { handshakeTimeoutMs: 50 },
    },
    metrics: { metrics: async () => '' },
    logger: createLogger('test', 'info', { write: (line) => void log.push(line) }),
    drain: { timeoutMs: 1_000, noticeMs: 0 },
  });
  const socket = connectTcp(running.httpPort, '127.0.0.1');
  await new Promise((resolve) =>
    socket
      .on('close', resolve)
      .resume()
      .on('error', () => undefined),
  );
});
