import type { ConfigError } from './config-error';
import { httpPort, serviceConfig, serviceVariables } from './common-blocks';
import { kafkaConfig, kafkaRule, kafkaVariables } from './kafka-variables';
import { parseEnvironment } from './parse-environment';
import type { Environment } from './parse-environment';
import { keyList, wholeNumber } from './parsers';

const variables = {
  ...serviceVariables,
  ...httpPort(8080),
  ...kafkaVariables,
  TILLSTREAM_WRITE_KEYS: keyList,
  TILLSTREAM_MAX_IN_FLIGHT_BYTES: wholeNumber().default(1024),
};
const good: Environment = { KAFKA_BROKERS: 'k:9092', TILLSTREAM_WRITE_KEYS: 'none' };

function problemsOf(environment: Environment): readonly string[] {
  try {
    parseEnvironment(variables, environment, [kafkaRule]);
    return [];
  } catch (error) {
    return (error as ConfigError).problems;
  }
}

describe('parseEnvironment', () => {
  it('gives every variable its value or its default', () => {
    const values = parseEnvironment(variables, { ...good, HTTP_PORT: '0', LOG_LEVEL: '' }, [kafkaRule]);
    expect(serviceConfig(values)).toEqual({
      http: { host: '0.0.0.0', port: 0, tls: null },
      logLevel: 'info',
      shutdownTimeoutMs: 25_000,
      drain: { timeoutMs: 4_500, noticeMs: 1_000 },
    });
    expect(kafkaConfig(values)).toEqual({ brokers: ['k:9092'], tls: null, sasl: null });
  });

  it('lets no drain outlast the shutdown, and no notice most of the drain', () => {
    const times = { SHUTDOWN_TIMEOUT_MS: '2000', DRAIN_NOTICE_MS: '3000' };
    const values = parseEnvironment(variables, { ...good, ...times }, [kafkaRule]);
    expect(serviceConfig(values).drain).toEqual({ timeoutMs: 1_600, noticeMs: 800 });
  });

  it('names every problem at once', () => {
    const environment = { HTTP_PORT: '80a', KAFKA_SSL: 'on', KAFKA_BROKERS: '', TILLSTREAM_MAX_IN_FLIGHT_BYTES: '-1' };
    expect(problemsOf(environment)).toEqual([
      'HTTP_PORT must be a whole number from 0 to 65535, not "80a"',
      'KAFKA_BROKERS must be set',
      'KAFKA_SSL must be true or false, not "on"',
      'TILLSTREAM_WRITE_KEYS must be set',
      'TILLSTREAM_MAX_IN_FLIGHT_BYTES must be a whole number of at least 0, not "-1"',
    ]);
  });

  it('names the right name for a misspelt one', () => {
    expect(problemsOf({ KAFKA_BROKER: 'k:9092', TILLSTREAM_WRITE_KEYS: 'none', HTTP_PORTS: '1' })).toEqual([
      'KAFKA_BROKER is not known; did you mean KAFKA_BROKERS?',
      'HTTP_PORTS is not known; did you mean HTTP_PORT?',
    ]);
  });

  it('leaves the variables of others alone', () => {
    const others = {
      HTTP_PROXY: 'http://proxy',
      REDIS_PORT: 'tcp://10.0.0.1:6379',
      TILLSTREAM_GATEWAY_SERVICE_HOST: '10.0.0.2',
      KAFKA_HEAP_OPTS: '-Xmx1g',
      LOGLEVEL: 'x',
    };
    expect(problemsOf({ ...good, ...others })).toEqual([]);
  });

  it('wants SASL whole or not at all', () => {
    expect(problemsOf({ ...good, KAFKA_SASL_MECHANISM: 'plain', KAFKA_SASL_USERNAME: 'me' })).toEqual([
      'KAFKA_SASL_PASSWORD must be set, because other KAFKA_SASL_ variables are',
    ]);
  });

  it('lets a service and its clients share an environment: the key of a client is no misspelt list of keys', () => {
    const { TILLSTREAM_WRITE_KEYS: _, ...rest } = variables;
    const optional = { ...rest, TILLSTREAM_WRITE_KEYS: keyList.optional() };
    expect(() =>
      parseEnvironment(optional, { ...good, TILLSTREAM_WRITE_KEYS: '', TILLSTREAM_WRITE_KEY: 'k' }),
    ).not.toThrow();
  });
});
