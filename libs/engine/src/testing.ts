export { describeCheckpointStore } from './ports/checkpoint-store.contract';
export type { CheckpointStoreUnderTest } from './ports/checkpoint-store.fixture';
export { describeLog, type LogUnderTest } from './ports/log.contract';
export { MemoryBroker } from './memory/memory-broker';
export { MemoryCheckpointStore, MemoryStoreData, type StoreFaults } from './memory/memory-checkpoint-store';
export { MemoryGroup, MemoryGroupConsumer } from './memory/memory-group';
export { MemoryLogReader, MemoryLogWriter, UNHARMED, type SendFate, type WriteFaults } from './memory/memory-log';
export type { Turn } from './memory/turn';
export { Scheduler, type Interruption, type SimulatedProcess } from './simulation/scheduler';
export { SeededRandom } from './simulation/seeded-random';
export { ImmediateTurn } from './memory/immediate-turn';
export { describeSink, type SinkPromises } from './ports/sink.contract';
export {
  SINK_STREAM,
  aSink,
  aSinkEnvironment,
  sinkStream,
  type FeedLog,
  type SinkUnderTest,
  type StoredRow,
  sortedIds,
  eventLog,
  finalLog,
} from './ports/sink.fixture';
export {
  MemorySink,
  MemorySinkData,
  memorySinkKind,
  type MemorySinkOptions,
  type MemorySinkRow,
  type SinkFaults,
} from './memory/memory-sink';
