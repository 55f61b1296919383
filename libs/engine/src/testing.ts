export { describeCheckpointStore, type CheckpointStoreUnderTest } from './ports/checkpoint-store.contract';
export { describeLog, type LogUnderTest } from './ports/log.contract';
