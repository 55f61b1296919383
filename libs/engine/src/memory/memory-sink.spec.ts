import { describeSink } from '../ports/sink.contract';
import { ImmediateTurn } from './immediate-turn';
import type { SinkFaults } from './memory-sink';
import { MemorySink, MemorySinkData } from './memory-sink';

describe.each([true, false])('that knows its position: %s', (knowsPosition) => {
  describeSink('MemorySink', { once: true, runs: 50 }, async () => {
    const data = new MemorySinkData();
    let isDown = false;
    const faults: SinkFaults = {
      isDown: () => isDown,
      refusesAll: () => null,
      refuses: ({ values }) => (values['revision'] === -1 ? 'revision must not be negative' : null),
      losesAnswer: () => false,
    };
    return {
      connect: () => new MemorySink(data, new ImmediateTurn(() => 0), { knowsPosition }, faults),
      stored: async (feed) => data.stored(feed),
      poisoned: (row) => ({ ...row, values: { ...row.values, revision: -1 } }),
      cutOff: async () => {
        isDown = true;
        return async () => {
          isDown = false;
        };
      },
      close: async () => undefined,
    };
  });
});
