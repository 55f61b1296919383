import type { PlantedBug } from '../bug';

const CLUSTER = 'libs/adapters/kafka/src/cluster';
const RENEWED_SPEC = 'libs/worker-runtime/src/renewed-credentials.spec.ts';
const KAFKA_VARIABLES_SPEC = 'libs/config/src/kafka-variables.spec.ts';

/** Bugs in how Kafka and Redis are reached, and in what is said when they are not. */
export const reachingBugs: readonly PlantedBug[] = [
  {
    name: 'kafka-password-of-the-start',
    bug: 'who logs in to Kafka again does so with the password of its start',
    patches: [
      {
        file: `${CLUSTER}/connection-settings.ts`,
        find: 'get password() {\n      return password();\n    },',
        replace: 'password: password(),',
      },
    ],
    specs: [RENEWED_SPEC],
  },
  {
    name: 'kafka-certificate-of-the-start',
    bug: 'Kafka is shown the certificate that stood in its file at the start',
    patches: [
      {
        file: `${CLUSTER}/connection-settings.ts`,
        find: 'return ({ host, port, onConnect }) => {',
        replace: 'const material = tls();\n  return ({ host, port, onConnect }) => {',
      },
      {
        file: `${CLUSTER}/connection-settings.ts`,
        find: '...servername, ...tls() }',
        replace: '...servername, ...material }',
      },
    ],
    specs: [RENEWED_SPEC],
  },
  {
    name: 'redis-certificate-of-the-start',
    bug: 'Redis is shown the certificate that stood in its file at the start',
    patches: [
      {
        file: 'libs/adapters/redis/src/connect-redis.ts',
        find: 'get: () => tls()[name] }',
        replace: 'value: tls()[name] }',
      },
    ],
    specs: [RENEWED_SPEC],
  },
  {
    name: 'redis-password-of-the-start',
    bug: 'who logs in to Redis again does so with the password of its start',
    patches: [
      {
        file: 'libs/adapters/redis/src/connect-redis.ts',
        find: "'password', { enumerable: true, get: password }",
        replace: "'password', { enumerable: true, value: password() }",
      },
    ],
    specs: [RENEWED_SPEC],
  },
  {
    name: 'expired-authority-accepted',
    bug: 'a service starts with a CA that has expired',
    patches: [
      {
        file: 'libs/config/src/tls-files.ts',
        find: "if (part === 'key') createPrivateKey(material[part]);",
        replace: `if (part === 'key') createPrivateKey(material[part]);
      else if (part === 'ca') certificatesIn(material[part]);`,
      },
    ],
    specs: [KAFKA_VARIABLES_SPEC],
  },
  {
    name: 'key-of-another-certificate',
    bug: 'a service starts with a certificate and the key of another',
    patches: [
      {
        file: 'libs/config/src/tls-files.ts',
        find: "certificate?.checkPrivateKey(createPrivateKey(material['key']))",
        replace: 'certificate !== undefined',
      },
    ],
    specs: [KAFKA_VARIABLES_SPEC],
  },
  {
    name: 'refused-login-taken-for-missing-tls',
    bug: 'an operator whose password Kafka refuses is told to switch TLS on',
    patches: [
      {
        file: `${CLUSTER}/connection-fault.ts`,
        find: "[/SASL.*(fail|invalid|authentication)/i, 'login-refused']",
        replace: "[/SASL.*(fail|invalid|authentication)/i, 'tls-wanted']",
      },
    ],
    specs: [`${CLUSTER}/connection-fault.spec.ts`],
  },
  {
    name: 'no-broker-for-no-reason',
    bug: 'who asks whether Kafka is there hears that all promises were rejected, and not why',
    patches: [
      {
        file: `${CLUSTER}/kafka-cluster.ts`,
        find: "exchange(broker, 'requests', API_VERSIONS))).catch(throwLast)",
        replace: "exchange(broker, 'requests', API_VERSIONS)))",
      },
    ],
    specs: [`${CLUSTER}/kafka-cluster.spec.ts`],
  },
  {
    name: 'failed-attempt-ends-the-next',
    bug: 'whoever fails to connect to a broker ends the attempt of the next one in the queue',
    patches: [
      {
        file: `${CLUSTER}/open-connection.ts`,
        find: '  Broker.prototype.connect = connectBrokerTogether;\n',
        replace: '',
      },
    ],
    specs: [`${CLUSTER}/open-connection.spec.ts`],
  },
  {
    name: 'ended-attempt-waits-for-its-time',
    bug: 'an attempt to connect to a broker that was ended meanwhile waits for the rest of its time',
    patches: [
      {
        file: `${CLUSTER}/open-connection.ts`,
        find: "socket.on('close', () => failed(`the connection to ${broker} was ended`));",
        replace: '',
      },
    ],
    specs: [`${CLUSTER}/open-connection.spec.ts`],
  },
];
