export { connectRedis, type RedisConnectionOptions, type RedisLogger } from './connect-redis';
export { CheckpointDamagedError } from './delta-blob';
export { RedisCheckpointStore, type RedisCheckpointStoreOptions } from './redis-checkpoint-store';
export { type RedisProblem, verifyRedis } from './verify-redis';
