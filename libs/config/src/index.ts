export { ConfigError } from './config-error';
export {
  grpcPort,
  httpPort,
  kafkaConfig,
  kafkaRule,
  kafkaVariables,
  redisVariables,
  serviceConfig,
  serviceVariables,
  streamVariables,
} from './common-blocks';
export type { DrainTimes, KafkaConfig, ServiceConfig } from './common-blocks';
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
  flag,
  grpcAddress,
  hashOfKey,
  keyList,
  list,
  oneOf,
  port,
  readKeyList,
  text,
  url,
  wholeNumber,
} from './parsers';
export type { GrantedKey, ReadKey } from './parsers';
