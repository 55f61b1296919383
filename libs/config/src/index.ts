export { ConfigError } from './config-error';
export { configuredEnvironment, placed, type ConfiguredEnvironment } from './configured-environment';
export { describeVariables } from './describe-variables';
export type { ServiceConfiguration, VariableDescription } from './describe-variables';
export { KNOWN_NAMES } from './known-names';
export { helpText, printedConfig } from './print-config';
export { grpcPort, httpPort, serviceConfig, serviceVariables, streamVariables } from './common-blocks';
export type { DrainTimes, ServiceConfig } from './common-blocks';
export { kafkaConfig, kafkaRule, kafkaVariables } from './kafka-variables';
export type { KafkaConfig } from './kafka-variables';
export { redisConfig, redisRule, redisVariables } from './redis-variables';
export type { HostPort, RedisConfig } from './redis-variables';
export type { TlsMaterial } from './tls-files';
export { explainKafkaFault, explainRedisFault, type Fault } from './explain-fault';
export { nearestName } from './nearest-name';
export { parseEnvironment } from './parse-environment';
export {
  clientTls,
  clientTlsRule,
  clientTlsVariables,
  serverTls,
  serverTlsRule,
  serverTlsVariables,
} from './tls-variables';
export type { ClientTlsFiles, TlsFiles } from './tls-variables';
export { readKeysRule, readKeyVariables } from './read-key-variables';
export { sinkVariables } from './sink-variables';
export type { Environment, Rule, Values, Variables } from './parse-environment';
export {
  address,
  addresses,
  duration,
  file,
  flag,
  grpcAddress,
  hashOfKey,
  keyList,
  list,
  oneOf,
  origins,
  port,
  readKeyList,
  secret,
  text,
  url,
  urls,
  wholeNumber,
} from './parsers';
export type { GrantedKey, ReadKey } from './parsers';
