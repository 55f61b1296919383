import type { Commit, FieldChanges } from '../ports/checkpoint-store';
import { describeCheckpointStore } from '../ports/checkpoint-store.contract';
import { describeLog } from '../ports/log.contract';
import { ImmediateTurn } from './immediate-turn';
import { MemoryBroker } from './memory-broker';
import { MemoryCheckpointStore, MemoryStoreData } from './memory-checkpoint-store';
import { MemoryLogReader, MemoryLogWriter, UNHARMED } from './memory-log';
import type { SendFate } from './memory-log';

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

describe('faults of the in-memory ports', () => {
  const aRecord = { key: null, value: new Uint8Array(1) };

  class FaultyLog {
    nowMs = START_MS;
    stalled = false;
    readonly turn = new ImmediateTurn(() => this.nowMs);
    readonly broker = new MemoryBroker(() => this.nowMs);
    private readonly writer: MemoryLogWriter;

    constructor(fate: Partial<SendFate>) {
      this.broker.createTopic('t', 1, true);
      const faults = { fateOf: () => ({ ...UNHARMED, ...fate }), isStalled: () => this.stalled };
      this.writer = new MemoryLogWriter(this.broker, this.turn, faults, () => this.nowMs);
    }

    append(): Promise<number> {
      return this.writer.append('t', 0, [aRecord]);
    }

    async pass(ms: number): Promise<number> {
      this.nowMs += ms;
      this.turn.changed();
      await new Promise(setImmediate);
      return this.broker.end('t', 0);
    }
  }

  it('an append that is refused leaves nothing', async () => {
    const log = new FaultyLog({ end: 'refused' });
    await expect(log.append()).rejects.toThrow('refused');
    expect(await log.pass(60_000)).toBe(0);
  });

  it('an append that was given up stands in the log later', async () => {
    const log = new FaultyLog({ end: 'given-up', lateMs: 500 });
    await expect(log.append()).rejects.toThrow('no answer');
    expect(await log.pass(499)).toBe(0);
    expect(await log.pass(1)).toBe(1);
  });

  it('a slow append, and one to a partition that takes nothing, arrive when they can', async () => {
    const log = new FaultyLog({ delayMs: 100 });
    log.stalled = true;
    const appended = log.append();
    expect(await log.pass(0)).toBe(0);
    expect(await log.pass(100)).toBe(0);
    log.stalled = false;
    expect(await log.pass(0)).toBe(1);
    await expect(appended).resolves.toBe(0);
  });

  it('a full store takes nothing and still gives what it has', async () => {
    const data = new MemoryStoreData();
    let full = false;
    const faults = { delayMs: () => 0, isFull: () => full, failAfterWrites: () => null, resend: () => false };
    const store = new MemoryCheckpointStore(data, new ImmediateTurn(() => START_MS), faults);
    const checkpoint = { inc: 'i', next: 0, seek: 0, state: new Uint8Array(0) };
    await store.create('task', 'token', checkpoint);
    full = true;
    await expect(store.claim('task', 'other')).rejects.toThrow('OOM');
    await expect(store.countAttempt('task', 0)).rejects.toThrow('OOM');
    for await (const delta of store.load('task', 0)) throw new Error(`nobody wrote ${delta.slice}`);
    full = false;
    await expect(store.claim('task', 'other')).resolves.toEqual(checkpoint);
  });

  it('a commit that fails half-way leaves some of its fields, and takes none away before the position moves', async () => {
    let failing = false;
    const faults = {
      ...{ delayMs: () => 0, isFull: () => false, resend: () => false },
      failAfterWrites: () => (failing ? 2 : null),
    };
    const store = new MemoryCheckpointStore(new MemoryStoreData(), new ImmediateTurn(() => START_MS), faults);
    const put = (name: number, value: number) => ({ field: Uint8Array.of(name), bytes: Uint8Array.of(value) });
    const fence = { inc: 'i', token: 't', next: 0 };
    const commit = (from: number, next: number, fields: FieldChanges): Commit => {
      const rest = { seek: next, state: new Uint8Array(0), deltas: [], rewrites: [], drops: [] };
      return { fence: { ...fence, next: from }, next, ...rest, fields };
    };
    const stored = async (): Promise<unknown> => {
      const { next } = (await store.readField('task', Uint8Array.of(0))) ?? {};
      const fields: Record<number, number | undefined> = {};
      for await (const some of store.loadFields('task')) {
        for (const { field, bytes } of some) fields[field[0] ?? NaN] = bytes[0];
      }
      return { next, ...fields };
    };
    await store.create('task', 't', { inc: 'i', next: 0, seek: 0, state: new Uint8Array(0) });
    await store.commit('task', commit(0, 1, { puts: [put(1, 1), put(2, 1)], drops: [] }));
    const second = commit(1, 2, { puts: [put(2, 2), put(3, 2), put(4, 2)], drops: [Uint8Array.of(1)] });
    failing = true;
    await expect(store.commit('task', second)).rejects.toThrow('half-way');
    expect(await stored()).toEqual({ next: 1, 1: 1, 2: 2, 3: 2 });
    failing = false;
    expect(await store.commit('task', second)).toBe('committed');
    expect(await stored()).toEqual({ next: 2, 2: 2, 3: 2, 4: 2 });
  });
});

describe('an in-memory store that is rolled back in the middle of a commit', () => {
  const field = (name: number): FieldChanges['puts'][number] => ({
    field: Uint8Array.of(name),
    bytes: Uint8Array.of(1),
  });
  const start = { inc: 'inc', next: 10, seek: 0, state: new Uint8Array(0) };

  it.each([1, 2, 5])('does not move on without the %d fields that it has lost', async (count) => {
    const data = new MemoryStoreData();
    const turn = new ImmediateTurn(() => START_MS);
    await new MemoryCheckpointStore(data, turn).create('task', 'a', start);
    const before = data.snapshot();
    const store = new MemoryCheckpointStore(data, {
      wait: (label, ready, deadlineMs) => {
        if (label.startsWith('put ')) data.rollBack(before);
        return turn.wait(label, ready, deadlineMs);
      },
    });
    const commit: Commit = {
      ...{ fence: { inc: 'inc', token: 'a', next: 10 }, next: 20, seek: 0, state: new Uint8Array(0) },
      ...{ deltas: [], rewrites: [], drops: [] },
      fields: { puts: Array.from({ length: count }, (_, i) => field(i)), drops: [] },
    };
    expect(await store.commit('task', commit)).toBe('rolled-back');
    expect(await store.readField('task', Uint8Array.of(0))).toMatchObject({ next: 10, bytes: null });
  });
});
