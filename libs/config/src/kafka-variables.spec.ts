import type { ConfigError } from './config-error';
import { kafkaConfig, kafkaRule, kafkaVariables } from './kafka-variables';
import { parseEnvironment } from './parse-environment';
import type { Environment } from './parse-environment';
import { Authority, FilesForTests, writePair, type Span } from './testing';

const UNTIL_YESTERDAY: Span = { fromDays: -2, toDays: -1 };

let files: FilesForTests;
let authority: Authority;

beforeAll(async () => {
  files = new FilesForTests();
  authority = await Authority.create('ours');
  files.put('ca.pem', authority.pem);
});
afterAll(() => files.remove());

const path = (name: string): string => `${files.directory}/${name}`;
const tls = (): Environment => ({ KAFKA_BROKERS: 'k:9093', KAFKA_SSL: 'true', KAFKA_SSL_CA_FILE: path('ca.pem') });
const parsed = (environment: Environment) =>
  kafkaConfig(parseEnvironment(kafkaVariables, { KAFKA_BROKERS: 'k:9093', ...environment }, [kafkaRule]));

function problemsOf(environment: Environment): readonly string[] {
  try {
    parsed(environment);
    return [];
  } catch (error) {
    return (error as ConfigError).problems;
  }
}

describe('how Kafka is reached', () => {
  it('reads the password and the certificates again for each connection', async () => {
    const first = await authority.sign('client');
    const { certFile, keyFile } = writePair(files.directory, 'client', first);
    const { tls: material, sasl } = parsed({
      ...tls(),
      KAFKA_SSL_CERT_FILE: certFile,
      KAFKA_SSL_KEY_FILE: keyFile,
      KAFKA_SASL_MECHANISM: 'scram-sha-512',
      KAFKA_SASL_USERNAME: 'ann',
      KAFKA_SASL_PASSWORD_FILE: files.put('password', 'first\n'),
    });
    expect([sasl?.password(), material?.()]).toEqual(['first', { ca: authority.pem, ...first }]);
    const renewed = await authority.sign('client');
    files.put('password', 'second');
    files.put('client.pem', renewed.cert);
    expect([sasl?.password(), material?.().cert]).toEqual(['second', renewed.cert]);
  });

  it('takes TLS without files as what Node knows', () => {
    expect(parsed({ KAFKA_SSL: 'true' }).tls?.()).toEqual({});
    expect(parsed({}).tls).toBeNull();
  });

  it.each<[string, () => Environment | Promise<Environment>, string | RegExp]>([
    [
      'SASL in part',
      () => ({ KAFKA_SASL_MECHANISM: 'plain', KAFKA_SASL_USERNAME: 'me' }),
      'KAFKA_SASL_PASSWORD must be set, because other KAFKA_SASL_ variables are',
    ],
    [
      'a password twice',
      () => ({
        ...{ KAFKA_SASL_MECHANISM: 'plain', KAFKA_SASL_USERNAME: 'me' },
        ...{ KAFKA_SASL_PASSWORD: 'x', KAFKA_SASL_PASSWORD_FILE: path('ca.pem') },
      }),
      'KAFKA_SASL_PASSWORD_FILE must not be set, because KAFKA_SASL_PASSWORD is',
    ],
    [
      'a file of a password that is not there',
      () => ({
        ...{ KAFKA_SASL_MECHANISM: 'plain', KAFKA_SASL_USERNAME: 'me', KAFKA_SASL_PASSWORD_FILE: '/no/such' },
      }),
      /^KAFKA_SASL_PASSWORD_FILE names a file that cannot be read: ENOENT.*\/no\/such/,
    ],
    [
      'files of TLS without TLS',
      () => ({ KAFKA_SSL_CA_FILE: path('ca.pem') }),
      'KAFKA_SSL must be true, because KAFKA_SSL_CA_FILE is set',
    ],
    [
      'what is no certificate',
      () => ({ ...tls(), KAFKA_SSL_CA_FILE: files.put('text', 'hello') }),
      /^KAFKA_SSL_CA_FILE names a file that cannot be used: .*text: it holds no certificate in PEM/,
    ],
    [
      'an authority that has expired',
      async () => {
        const { pem } = await Authority.create('old', UNTIL_YESTERDAY);
        return { ...tls(), KAFKA_SSL_CA_FILE: files.put('old.pem', pem) };
      },
      /^KAFKA_SSL_CA_FILE \(.*old.pem\) holds a certificate that has expired on \d{4}-/,
    ],
    [
      'a certificate without its key',
      () => ({ ...tls(), KAFKA_SSL_CERT_FILE: path('ca.pem') }),
      'KAFKA_SSL_KEY_FILE must be set, because KAFKA_SSL_CERT_FILE is',
    ],
    [
      'the key of another',
      async () => {
        const [mine, other] = [await authority.sign('a'), await authority.sign('b')];
        return {
          ...tls(),
          KAFKA_SSL_CERT_FILE: files.put('mine.pem', mine.cert),
          KAFKA_SSL_KEY_FILE: files.put('other.key', other.key),
        };
      },
      'KAFKA_SSL_KEY_FILE is not the key of the certificate in KAFKA_SSL_CERT_FILE',
    ],
  ])('refuses %s', async (_what, environment, problem) => {
    expect(problemsOf(await environment())).toEqual([
      problem instanceof RegExp ? expect.stringMatching(problem) : problem,
    ]);
  });

  it('takes a bundle of which one has not expired', async () => {
    const old = await Authority.create('old', UNTIL_YESTERDAY);
    expect(problemsOf({ ...tls(), KAFKA_SSL_CA_FILE: files.put('both.pem', old.pem + '\n' + authority.pem) })).toEqual(
      [],
    );
  });
});
