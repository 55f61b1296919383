import { KafkaAdmin, KafkaLogReader, KafkaLogWriter, type KafkaOptions } from '@tillstream/adapter-kafka';
import { ConfigError, kafkaConfig, kafkaRule, kafkaVariables, parseEnvironment } from '@tillstream/config';
import type { LogReader, LogWriter } from '@tillstream/engine';
import { CliError } from '../cli-context';

/** A cluster as commands use it; specs bring their own. */
export interface KafkaAccess {
  readonly admin: Pick<
    KafkaAdmin,
    'alterConfigs' | 'createTopics' | 'describeTopics' | 'groupLag' | 'groupMembers' | 'ping'
  >;
  readonly reader: LogReader;
  readonly writer: LogWriter;
  close(): Promise<void>;
}

/** Opens a cluster, if need be another than the environment's. */
export type ConnectKafka = (
  brokers: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
) => KafkaAccess;

/** A command line that hangs helps nobody: writes are given up after this long. */
const APPEND_TIMEOUT_MS = 60_000;

/** Connections are made when something is asked for. @throws CliError when no broker is named */
export const connectKafka: ConnectKafka = (brokers, environment) => {
  const options = kafkaOptions(brokers, environment);
  const admin = new KafkaAdmin(options);
  const reader = new KafkaLogReader(options);
  const writer = new KafkaLogWriter({ ...options, appendTimeoutMs: APPEND_TIMEOUT_MS });
  return {
    admin,
    reader,
    writer,
    close: async () => {
      await Promise.all([admin.close(), reader.close(), writer.close()]);
    },
  };
};

function kafkaOptions(
  brokers: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): KafkaOptions {
  const named = brokers ?? environment['KAFKA_BROKERS'];
  if (named === undefined || named === '') {
    throw new CliError(
      'no Kafka broker is named',
      'Give --brokers host:port or set KAFKA_BROKERS. `npm start` says where its own is, as kafka=….',
    );
  }
  try {
    const values = parseEnvironment(kafkaVariables, { ...kafkaOnly(environment), KAFKA_BROKERS: named }, [kafkaRule]);
    return { ...kafkaConfig(values), clientId: 'till' };
  } catch (error) {
    if (error instanceof ConfigError) throw new CliError(error.message);
    throw error;
  }
}

/** A command line is run among other programs' variables, which may be called alike. */
function kafkaOnly(environment: Readonly<Record<string, string | undefined>>): Record<string, string | undefined> {
  return Object.fromEntries(Object.keys(kafkaVariables).map((name) => [name, environment[name]]));
}
