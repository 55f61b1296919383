import { createServer, type Server, type TLSSocket } from 'node:tls';
import type { AddressInfo } from 'node:net';
import { KafkaLogReader } from '@tillstream/adapter-kafka';
import { openRedis } from '@tillstream/adapter-redis';
import {
  kafkaConfig,
  kafkaRule,
  kafkaVariables,
  parseEnvironment,
  redisConfig,
  redisRule,
  redisVariables,
} from '@tillstream/config';
import { Authority, FilesForTests, writePair } from '@tillstream/config/testing';

/** What a server makes of what it is sent: the password in it, and what it answers; null: it hangs up. */
type Talk = (sent: Buffer) => { readonly password: string | undefined; readonly answer: Buffer | null };

const API_VERSIONS = 18;
const SASL_HANDSHAKE = 17;
const SASL_AUTHENTICATE = 36;

/** Of `AUTH name password`, one a line behind its length. Nothing is allowed, whoever asks. */
const redisTalk: Talk = (sent) => {
  const text = sent.toString();
  const [, password] = /auth\r\n\$\d+\r\n.*\r\n\$\d+\r\n(.*)\r\n/i.exec(text) ?? [];
  const commands = text.match(/^\*\d+\r$/gm) ?? [];
  return { password, answer: Buffer.from('-ERR no\r\n'.repeat(commands.length)) };
};

/** Of a login by PLAIN, in which the password is last. */
const kafkaTalk: Talk = (sent) => {
  const apiKey = sent.readInt16BE(4);
  if (apiKey === SASL_AUTHENTICATE) return { password: sent.toString().split('\0').at(-1), answer: null };
  return { password: undefined, answer: kafkaAnswer(sent, apiKey === SASL_HANDSHAKE ? MECHANISMS : VERSIONS) };
};

const MECHANISMS = Buffer.concat([int16(0), int32(1), int16(5), Buffer.from('PLAIN')]);
const VERSIONS = Buffer.concat([
  ...[int16(0), int32(3)],
  ...[API_VERSIONS, SASL_HANDSHAKE, SASL_AUTHENTICATE].flatMap((key) => [int16(key), int16(0), int16(1)]),
  int32(0),
]);

function kafkaAnswer(request: Buffer, body: Buffer): Buffer {
  const correlationId = request.subarray(8, 12);
  return Buffer.concat([int32(correlationId.length + body.length), correlationId, body]);
}

function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

describe('a certificate and a password that are renewed in their files', () => {
  let ours: Authority;
  let server: Server;
  let talk: Talk;
  let files: FilesForTests;
  let shown: string[];
  let seen: () => void;

  beforeAll(async () => (ours = await Authority.create('ours')));
  beforeEach(async () => {
    files = new FilesForTests();
    shown = [];
    seen = () => undefined;
    const pair = await ours.sign('server');
    server = createServer({ ...pair, ca: ours.pem, requestCert: true, rejectUnauthorized: true }, (socket) =>
      listen(socket),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterEach(async () => {
    files.remove();
    await new Promise((resolve) => server.close(resolve));
  });

  /** Notes whose certificate and which password somebody shows. */
  function listen(socket: TLSSocket): void {
    const whose = String(socket.getPeerCertificate().subject.CN);
    socket.on('error', () => undefined);
    socket.on('data', (sent: Buffer) => {
      const { password, answer } = talk(sent);
      if (password !== undefined) {
        shown.push(`${whose} ${password}`);
        seen();
      }
      if (answer === null) socket.destroy();
      else socket.write(answer);
    });
  }

  async function renew(name: string): Promise<{ readonly certFile: string; readonly keyFile: string }> {
    files.put('password', `password-of-${name}`);
    return writePair(files.directory, 'client', await ours.sign(name));
  }

  /** When these are the last that were shown. */
  const isShown = (both: string): Promise<void> =>
    new Promise((resolve) => (seen = () => void (shown.at(-1) === both && resolve())));

  it('are shown to Redis when it is connected to again', async () => {
    talk = redisTalk;
    const { certFile, keyFile } = await renew('first');
    const environment = {
      REDIS_URL: `rediss://127.0.0.1:${(server.address() as AddressInfo).port}`,
      REDIS_CA_FILE: files.put('ca.pem', ours.pem),
      ...{ REDIS_CERT_FILE: certFile, REDIS_KEY_FILE: keyFile },
      ...{ REDIS_USERNAME: 'tillstream', REDIS_PASSWORD_FILE: `${files.directory}/password` },
    };
    const first = isShown('first password-of-first');
    const { commands } = openRedis(redisConfig(parseEnvironment(redisVariables, environment, [redisRule])));
    await first;
    await renew('second');
    await isShown('second password-of-second');
    commands.disconnect();
  });

  it('are shown to Kafka when it is connected to again', async () => {
    talk = kafkaTalk;
    const { certFile, keyFile } = await renew('first');
    const environment = {
      KAFKA_BROKERS: `127.0.0.1:${(server.address() as AddressInfo).port}`,
      ...{ KAFKA_SSL: 'true', KAFKA_SSL_CA_FILE: files.put('ca.pem', ours.pem) },
      ...{ KAFKA_SSL_CERT_FILE: certFile, KAFKA_SSL_KEY_FILE: keyFile },
      ...{ KAFKA_SASL_MECHANISM: 'plain', KAFKA_SASL_USERNAME: 'tillstream' },
      KAFKA_SASL_PASSWORD_FILE: `${files.directory}/password`,
    };
    const options = kafkaConfig(parseEnvironment(kafkaVariables, environment, [kafkaRule]));
    const reader = new KafkaLogReader({ ...options, clientId: 'test' });
    await expect(reader.ping()).rejects.toThrow();
    expect(new Set(shown)).toEqual(new Set(['first password-of-first']));
    await renew('second');
    shown = [];
    await expect(reader.ping()).rejects.toThrow();
    expect(new Set(shown)).toEqual(new Set(['second password-of-second']));
    await reader.close();
  });
});
