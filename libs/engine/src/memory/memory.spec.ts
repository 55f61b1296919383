import { describeCheckpointStore } from '../ports/checkpoint-store.contract';
import { describeLog } from '../ports/log.contract';
import { ImmediateTurn } from './immediate-turn';
import { MemoryBroker } from './memory-broker';
import { MemoryCheckpointStore, MemoryStoreData } from './memory-checkpoint-store';
import { MemoryLogReader, MemoryLogWriter } from './memory-log';

/** Time stands still: a wait that nothing ends has ended already. */
const START_MS = 1_000;

describeLog('the in-memory log', () => {
  let nowMs = START_MS;
  const turn = new ImmediateTurn(() => nowMs);
  const broker = new MemoryBroker(() => (nowMs += 1));
  const writer = new MemoryLogWriter(broker, turn);
  const reader = new MemoryLogReader(broker, turn, () => nowMs);
  let topics = 0;
  return Promise.resolve({
    writer: {
      append: async (topic, partition, records) => {
        const base = await writer.append(topic, partition, records);
        turn.changed();
        return base;
      },
    },
    reader: {
      begin: (topic, partition) => reader.begin(topic, partition),
      end: (topic, partition) => reader.end(topic, partition),
      offsetAtOrAfter: (topic, partition, timestampMs) => reader.offsetAtOrAfter(topic, partition, timestampMs),
      read: (topic, partition, from, maxWaitMs) => {
        const reading = reader.read(topic, partition, from, maxWaitMs);
        if (maxWaitMs < 1_000) {
          nowMs += maxWaitMs;
          turn.changed();
        }
        return reading;
      },
    },
    createTopic: ({ partitions, timestamps }) => {
      topics += 1;
      broker.createTopic(`topic-${topics}`, partitions, timestamps === 'append');
      return Promise.resolve(`topic-${topics}`);
    },
    expire: (topic, partition, offset) => Promise.resolve(broker.trim(topic, partition, offset)),
    close: () => Promise.resolve(),
  });
});

describeCheckpointStore('the in-memory checkpoint store', () => {
  const data = new MemoryStoreData();
  return Promise.resolve({
    store: new MemoryCheckpointStore(data, new ImmediateTurn(() => START_MS)),
    lose: () => Promise.resolve(data.flushAll()),
    snapshot: () => {
      const kept = data.snapshot();
      return Promise.resolve(() => Promise.resolve(data.rollBack(kept)));
    },
    close: () => Promise.resolve(),
  });
});
