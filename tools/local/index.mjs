/**
 * A real Kafka broker, a real Redis and real stores of sinks on this machine, for tests and for `npm start`. Plain JavaScript
 * without packages, because it runs before anything is installed or built.
 */
export { cacheDirectory, cached, fingerprint } from './cache.mjs';
export { endStale, launch } from './child.mjs';
export { startBroker, startCluster, provisionKafka } from './kafka.mjs';
export { findKubernetes, startKubernetes } from './kubernetes.mjs';
export { startOpenSearch, provisionOpenSearch } from './opensearch.mjs';
export { startJaeger } from './jaeger.mjs';
export { freePort, canListen } from './ports.mjs';
export { findPython, providePython } from './python.mjs';
export { startPostgres, provisionPostgres } from './postgres.mjs';
export { findPrometheus, providePrometheus, startPrometheus } from './prometheus.mjs';
export { startRedis, provisionRedis } from './redis.mjs';
export { startRedisCluster } from './redis-cluster.mjs';
export { startRedisSentinels } from './redis-sentinel.mjs';
export { startS3 } from './s3.mjs';
export { startTraces } from './traces.mjs';
export { startZipkin, provisionZipkin } from './zipkin.mjs';
