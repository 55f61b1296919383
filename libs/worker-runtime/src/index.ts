export { kafkaOptions } from './kafka-options';
export { startWorker } from './start-worker';
export type { StartupReport } from './startup-checks';
export { checkStreams } from './startup-checks';
export type { WorkerKind, WorkerTelemetry } from './worker';
export { createWorker } from './worker';
export type { DefaultPorts, WorkerConfig } from './worker-config';
export { loadWorkerConfig } from './worker-config';
export type { FaceParts, WorkerFace } from './worker-face';
