export { describeCheckpointStore, type CheckpointStoreUnderTest } from './ports/checkpoint-store.contract';
export { describeLog, type LogUnderTest } from './ports/log.contract';
export { MemoryBroker } from './memory/memory-broker';
export { MemoryCheckpointStore, MemoryStoreData, type StoreFaults } from './memory/memory-checkpoint-store';
export { MemoryGroup, MemoryGroupConsumer } from './memory/memory-group';
export { MemoryLogReader, MemoryLogWriter, UNHARMED, type SendFate, type WriteFaults } from './memory/memory-log';
export type { Turn } from './memory/turn';
export { Scheduler, type Interruption, type SimulatedProcess } from './simulation/scheduler';
export { SeededRandom } from './simulation/seeded-random';
