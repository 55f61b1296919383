export { connectRedis, type RedisConnectionOptions, type RedisLogger } from './connect-redis';
export { CheckpointDamagedError } from './delta-blob';
export { openRedis, type RedisCommands, type RedisConnection } from './open-redis';
export { RedisCheckpointStore, type RedisCheckpointStoreOptions } from './redis-checkpoint-store';
export { redisFault, type RedisFault } from './redis-fault';
export type { RedisAddress, RedisPlace, RedisServer } from './redis-server';
export { type RedisProblem, verifyConnection, verifyRedis } from './verify-redis';
