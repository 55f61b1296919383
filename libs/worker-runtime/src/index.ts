export { kafkaOptions } from './kafka-options';
export { startWorker } from './start-worker';
export type { StartupReport } from './startup-checks';
export { checkStreams } from './startup-checks';
export type { WorkerKind, WorkerTelemetry } from './worker';
export { createWorker } from './worker';
export type { WorkerConfig } from './worker-config';
export { loadWorkerConfig } from './worker-config';
