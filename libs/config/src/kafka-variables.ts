import type { Rule, Values } from './parse-environment';
import { addresses, file, flag, oneOf, secret, text } from './parsers';
import { secretProblems, secretSource } from './secret-file';
import { readTlsFiles, tlsProblems, type TlsMaterial, type TlsParts } from './tls-files';

export const kafkaVariables = {
  KAFKA_BROKERS: addresses.describe('Some brokers, separated by commas; the others are learnt from them.'),
  KAFKA_SSL: flag.default(false).describe('Speak TLS to the brokers.'),
  KAFKA_SSL_CA_FILE: file
    .optional()
    .describe('Certificates, in PEM, of who may vouch for a broker. Not set: those that Node knows.'),
  KAFKA_SSL_CERT_FILE: file
    .optional()
    .describe('Certificate to show to brokers that ask for one, in PEM, with those between it and the root.'),
  KAFKA_SSL_KEY_FILE: file.optional().describe('Its private key, in PEM.'),
  KAFKA_SASL_MECHANISM: oneOf(['plain', 'scram-sha-256', 'scram-sha-512'])
    .optional()
    .describe('How to log in. Not set: not at all.'),
  KAFKA_SASL_USERNAME: text.optional().describe('As whom to log in.'),
  KAFKA_SASL_PASSWORD: secret.optional().describe('With which password.'),
  KAFKA_SASL_PASSWORD_FILE: file
    .optional()
    .describe('Or the file that holds it, which is read again for each connection.'),
};

/** How to reach the brokers. Files are read for each connection: what they hold may be renewed while the process runs. */
export interface KafkaConfig {
  readonly brokers: readonly string[];
  /** Null: without TLS. */
  readonly tls: (() => TlsMaterial) | null;
  readonly sasl: {
    readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
    readonly username: string;
    readonly password: () => string;
  } | null;
}

const TLS_NAMES = { ca: 'KAFKA_SSL_CA_FILE', cert: 'KAFKA_SSL_CERT_FILE', key: 'KAFKA_SSL_KEY_FILE' } as const;

/** SASL needs a mechanism, a name and a password, or none of them; files of TLS need TLS. */
export const kafkaRule: Rule<typeof kafkaVariables> = (values) => [
  ...saslProblems(values),
  ...secretProblems(values, 'KAFKA_SASL_PASSWORD', 'KAFKA_SASL_PASSWORD_FILE'),
  ...(values.KAFKA_SSL
    ? tlsProblems(filesOf(values), TLS_NAMES, Date.now())
    : Object.values(TLS_NAMES)
        .filter((name) => values[name] !== undefined)
        .map((name) => `KAFKA_SSL must be true, because ${name} is set`)),
];

function saslProblems(values: Values<typeof kafkaVariables>): readonly string[] {
  const given = {
    KAFKA_SASL_MECHANISM: values.KAFKA_SASL_MECHANISM,
    KAFKA_SASL_USERNAME: values.KAFKA_SASL_USERNAME,
    KAFKA_SASL_PASSWORD: values.KAFKA_SASL_PASSWORD ?? values.KAFKA_SASL_PASSWORD_FILE,
  };
  const missing = Object.entries(given).flatMap(([name, value]) => (value === undefined ? [name] : []));
  if (missing.length === 0 || missing.length === Object.keys(given).length) return [];
  return missing.map((name) => `${name} must be set, because other KAFKA_SASL_ variables are`);
}

export function kafkaConfig(values: Values<typeof kafkaVariables>): KafkaConfig {
  const { KAFKA_SASL_MECHANISM: mechanism, KAFKA_SASL_USERNAME: username } = values;
  const password = secretSource(values.KAFKA_SASL_PASSWORD, values.KAFKA_SASL_PASSWORD_FILE);
  const files = filesOf(values);
  return {
    brokers: values.KAFKA_BROKERS,
    tls: values.KAFKA_SSL ? () => readTlsFiles(files) : null,
    sasl: mechanism !== undefined && username !== undefined && password ? { mechanism, username, password } : null,
  };
}

function filesOf(values: Values<typeof kafkaVariables>): TlsParts {
  return { ca: values.KAFKA_SSL_CA_FILE, cert: values.KAFKA_SSL_CERT_FILE, key: values.KAFKA_SSL_KEY_FILE };
}
