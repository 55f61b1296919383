import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KafkaAdmin, kafkaFault, KafkaLogReader, KafkaLogWriter } from '@tillstream/adapter-kafka';
import { explainKafkaFault, kafkaConfig, kafkaRule, kafkaVariables, parseEnvironment } from '@tillstream/config';
import type { Environment } from '@tillstream/config';
import { Authority, FilesForTests, writePair } from '@tillstream/config/testing';
import { startBroker } from '@tillstream/local';
import { until } from '../../e2e/platform';

jest.setTimeout(120_000);

/** Who has logged in must do so again after this long. */
const REAUTHENTICATED_AFTER_MS = 12_000;

describe('a broker behind TLS and logins', () => {
  let broker: Awaited<ReturnType<typeof startBroker>>;
  let directory: string;
  const files = new FilesForTests();

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'tillstream-kafka-doors-'));
    const authority = await Authority.create('ours');
    const server = await authority.sign('broker');
    const stranger = await Authority.create('strangers');
    files.put('ca.pem', authority.pem);
    files.put('stranger.pem', stranger.pem);
    writePair(files.directory, 'client', await authority.sign('client'));
    writePair(files.directory, 'theirs', await stranger.sign('client'));
    const doors = { ca: authority.pem, ...server, users: { ann: 'ann-secret', bob: 'bob-secret' } };
    broker = await startBroker({
      dataDir: directory,
      doors,
      properties: { 'connections.max.reauth.ms': String(REAUTHENTICATED_AFTER_MS) },
    });
  });
  afterAll(async () => {
    await broker?.stop();
    files.remove();
    rmSync(directory, { recursive: true, force: true });
  });

  const path = (name: string): string => join(files.directory, name);
  const tls = (ca = 'ca.pem'): Environment => ({ KAFKA_SSL: 'true', KAFKA_SSL_CA_FILE: path(ca) });
  const certificate = (whose: string): Environment => ({
    KAFKA_SSL_CERT_FILE: path(`${whose}.pem`),
    KAFKA_SSL_KEY_FILE: path(`${whose}.key`),
  });
  const login = (mechanism: string, more: Environment = {}): Environment => ({
    ...{ KAFKA_SASL_MECHANISM: mechanism, KAFKA_SASL_USERNAME: 'ann', KAFKA_SASL_PASSWORD: 'ann-secret' },
    ...more,
  });

  /** What a service makes of these variables. */
  function optionsOf(door: keyof typeof broker.doors | 'plain', environment: Environment) {
    const address = door === 'plain' ? broker.address : broker.doors[door];
    const values = parseEnvironment(kafkaVariables, { ...environment, KAFKA_BROKERS: address }, [kafkaRule]);
    return { ...kafkaConfig(values), clientId: 'connections' };
  }

  async function roundTrip(options: ReturnType<typeof optionsOf>): Promise<string[]> {
    const topic = `connections-${Math.random().toString(36).slice(2)}`;
    const admin = new KafkaAdmin(options);
    const writer = new KafkaLogWriter(options);
    const reader = new KafkaLogReader(options);
    try {
      await admin.createTopics([{ topic, partitions: 1, replication: 1 }]);
      await writer.append(topic, 0, [{ key: null, value: Buffer.from('hello'), timestampMs: 1, headers: {} }]);
      const records = await reader.read(topic, 0, 0, 5_000);
      return records.map(({ value }) => Buffer.from(value ?? []).toString());
    } finally {
      await Promise.all([admin.close(), writer.close(), reader.close()]);
    }
  }

  /** What a service says of itself: it asks whether any broker answers, and does not ask again for half a minute first. */
  async function reasonOf(options: ReturnType<typeof optionsOf>): Promise<string | null> {
    const reader = new KafkaLogReader({ ...options, connectionTimeoutMs: 2_000, requestTimeoutMs: 2_000 });
    try {
      await reader.ping();
      return 'no failure';
    } catch (error) {
      return explainKafkaFault(kafkaFault(error)) ?? `unexplained: ${String(error)}`;
    } finally {
      await reader.close();
    }
  }

  it.each<[string, 'tls' | 'mtls' | 'saslTls' | 'saslPlain', () => Environment]>([
    ['TLS', 'tls', () => tls()],
    ['TLS on both sides', 'mtls', () => ({ ...tls(), ...certificate('client') })],
    ['PLAIN over TLS', 'saslTls', () => ({ ...tls(), ...login('plain') })],
    ['SCRAM-SHA-256 over TLS', 'saslTls', () => ({ ...tls(), ...login('scram-sha-256') })],
    ['SCRAM-SHA-512 over TLS', 'saslTls', () => ({ ...tls(), ...login('scram-sha-512') })],
    ['SCRAM-SHA-512 without TLS', 'saslPlain', () => login('scram-sha-512')],
  ])('creates, writes and reads by %s', async (_how, door, environment) => {
    expect(await roundTrip(optionsOf(door, environment()))).toEqual(['hello']);
  });

  it.each<[string, 'tls' | 'mtls' | 'saslTls' | 'saslPlain' | 'plain', () => Environment, RegExp]>([
    ['no TLS where it is wanted', 'tls', () => ({}), /set KAFKA_SSL=true/],
    ['TLS where there is none', 'plain', () => tls(), /KAFKA_SSL=false/],
    ['an authority that has not vouched', 'tls', () => tls('stranger.pem'), /KAFKA_SSL_CA_FILE/],
    ['no certificate where one is wanted', 'mtls', () => tls(), /KAFKA_SSL_CERT_FILE/],
    ['a certificate of strangers', 'mtls', () => ({ ...tls(), ...certificate('theirs') }), /KAFKA_SSL_CERT_FILE/],
    [
      'a wrong password',
      'saslTls',
      () => ({ ...tls(), ...login('scram-sha-512', { KAFKA_SASL_PASSWORD: 'other' }) }),
      /KAFKA_SASL_PASSWORD is wrong/,
    ],
    [
      'a wrong password of PLAIN',
      'saslPlain',
      () => login('plain', { KAFKA_SASL_PASSWORD: 'other' }),
      /KAFKA_SASL_PASSWORD is wrong/,
    ],
    ['no login where one is wanted', 'saslTls', () => tls(), /KAFKA_SASL_MECHANISM/],
  ])('names the variable to look at: %s', async (_what, door, environment, reason) => {
    expect(await reasonOf(optionsOf(door, environment()))).toMatch(reason);
  });

  it('goes on over a connection on which it has to log in again', async () => {
    const options = optionsOf('saslTls', { ...tls(), ...login('scram-sha-256') });
    const topic = 'again';
    const admin = new KafkaAdmin(options);
    await admin.createTopics([{ topic, partitions: 1, replication: 1 }]);
    await admin.close();
    const writer = new KafkaLogWriter(options);
    const endMs = Date.now() + REAUTHENTICATED_AFTER_MS + 1_000;
    let written = 0;
    await until('more than a session to have passed', 60_000, async () => {
      await writer.append(topic, 0, [{ key: null, value: Buffer.from('x'), timestampMs: 1, headers: {} }]);
      written += 1;
      return Date.now() > endMs;
    });
    await writer.close();
    const reader = new KafkaLogReader(options);
    expect(await reader.end(topic, 0)).toBe(written);
    await reader.close();
  });

  it('takes a password that has been changed while it runs', async () => {
    const file = files.put('password', 'bob-secret');
    const told = { KAFKA_SASL_MECHANISM: 'scram-sha-512', KAFKA_SASL_USERNAME: 'bob', KAFKA_SASL_PASSWORD_FILE: file };
    const options = optionsOf('saslTls', { ...tls(), ...told });
    expect(await reasonOf(options)).toBe('no failure');
    await broker.setScramPassword('bob', 'changed');
    expect(await reasonOf(options)).toMatch(/KAFKA_SASL_PASSWORD is wrong/);
    files.put('password', 'changed');
    expect(await roundTrip(options)).toEqual(['hello']);
  });

  it('will not start with an authority that has expired', async () => {
    const { pem } = await Authority.create('old', { fromDays: -2, toDays: -1 });
    const environment = { ...tls(), KAFKA_SSL_CA_FILE: files.put('old.pem', pem) };
    expect(() => optionsOf('tls', environment)).toThrow(/KAFKA_SSL_CA_FILE .* has expired on/);
  });
});
