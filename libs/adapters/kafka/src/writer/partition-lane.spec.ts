import type { NewRecord } from '@tillstream/engine';
import * as fc from 'fast-check';
import { AppendRefusedError, AppendTimeoutError, BrokerError, WriterClosedError } from '../errors';
import { type LaneContext, PartitionLane } from './partition-lane';

/** A broker whose answers a test decides one by one. */
class ScriptedBroker {
  readonly log: string[] = [];
  readonly sent: string[] = [];
  readonly recycled: string[] = [];
  readonly #open: { batch: string; resolve: (offset: number) => void; reject: (error: Error) => void }[] = [];
  released = 0;
  /** Of the sends in flight at once. */
  mostInFlight = 0;
  #recover: () => void = () => undefined;

  context(more: Partial<LaneContext> = {}): LaneContext {
    return {
      topic: 't',
      partition: 0,
      maxBatchBytes: 100,
      appendTimeoutMs: null,
      encode: (records) => Buffer.from(records.map(({ value }) => Buffer.from(value ?? []).toString()).join(' ')),
      send: (batch) =>
        new Promise<number>((resolve, reject) => {
          this.sent.push(batch.toString());
          this.#open.push({ batch: batch.toString(), resolve, reject });
          this.mostInFlight = Math.max(this.mostInFlight, this.#open.length);
        }),
      recover: (_error, _attempt, signal) =>
        new Promise((resolve) => {
          this.#recover = resolve;
          signal.addEventListener('abort', () => resolve());
        }),
      recycle: (batch) => void this.recycled.push(batch.toString()),
      release: (bytes) => (this.released += bytes),
      ...more,
    };
  }

  /** The broker appends and answers. */
  async acknowledge(): Promise<void> {
    const send = this.#open.shift();
    const offset = this.log.length;
    this.log.push(...(send?.batch.split(' ') ?? []));
    send?.resolve(offset);
    await settle();
  }

  /** The broker appends or not, and the answer is lost or an error. */
  async fail(error: Error = new BrokerError('NETWORK_EXCEPTION', true), appended = false): Promise<void> {
    const send = this.#open.shift();
    if (appended) this.log.push(...(send?.batch.split(' ') ?? []));
    send?.reject(error);
    await settle();
    this.#recover();
    await settle();
  }

  get waiting(): boolean {
    return this.#open.length > 0;
  }
}

const record = (value: string): NewRecord => ({ key: null, value: Buffer.from(value) });
const settle = async (): Promise<void> => {
  for (let i = 0; i < 20; i++) await Promise.resolve();
};

describe('the lane of a partition', () => {
  let broker: ScriptedBroker;

  beforeEach(() => {
    broker = new ScriptedBroker();
  });

  it('sends what is called in one turn together, and gathers what is called while a send is in flight', async () => {
    const lane = new PartitionLane(broker.context());
    const first = ['a', 'b'].map((value) => lane.append([record(value)], 10));
    await settle();
    const second = ['c', 'd'].map((value) => lane.append([record(value)], 10));
    await broker.acknowledge();
    await broker.acknowledge();
    expect(broker.sent).toEqual(['a b', 'c d']);
    expect(await Promise.all([...first, ...second])).toEqual([0, 1, 2, 3]);
    expect(broker.released).toBe(40);
  });

  it('gathers up to the bound, and sends alone what is beyond it', async () => {
    const lane = new PartitionLane(broker.context());
    for (const [value, bytes] of [
      ['a', 60],
      ['b', 40],
      ['c', 1],
      ['huge', 500],
      ['d', 1],
    ] as const) {
      void lane.append([record(value)], bytes);
    }
    await settle();
    while (broker.waiting) await broker.acknowledge();
    expect(broker.sent).toEqual(['a b', 'c', 'huge', 'd']);
  });

  it('repeats the same bytes until they are acknowledged, and nothing overtakes them', async () => {
    const lane = new PartitionLane(broker.context());
    const first = lane.append([record('a')], 1);
    await settle();
    const second = lane.append([record('b')], 1);
    await broker.fail();
    await broker.fail();
    await broker.acknowledge();
    await broker.acknowledge();
    expect(broker.sent).toEqual(['a', 'a', 'a', 'b']);
    expect(await Promise.all([first, second])).toEqual([0, 1]);
  });

  it('gives back the memory of a batch that was sent once, and never that of one a socket may still be sending', async () => {
    const lane = new PartitionLane(broker.context());
    void lane.append([record('a')], 1);
    await settle();
    expect(broker.recycled).toEqual([]);
    await broker.acknowledge();
    void lane.append([record('b')], 1);
    await settle();
    await broker.fail(undefined, true);
    await broker.acknowledge();
    expect([broker.sent, broker.recycled]).toEqual([['a', 'b', 'b'], ['a']]);
  });

  it('keeps the order of first occurrences and loses nothing acknowledged, whatever answers are lost', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom('ack', 'lost before', 'lost after', 'call'), { maxLength: 40 }),
        async (events) => {
          const subject = new ScriptedBroker();
          const lane = new PartitionLane(subject.context({ maxBatchBytes: 3 }));
          const acknowledged: string[] = [];
          let calls = 0;
          for (const event of [...events, ...Array<string>(60).fill('ack')]) {
            if (event === 'call') {
              const value = String(calls++);
              void lane.append([record(value)], 1).then((offset) => {
                expect(subject.log[offset]).toBe(value);
                acknowledged.push(value);
              });
              await settle();
            } else if (subject.waiting) {
              await (event === 'ack' ? subject.acknowledge() : subject.fail(undefined, event === 'lost after'));
            }
          }
          const inOrder = Array.from({ length: calls }, (_, i) => String(i));
          expect(acknowledged).toEqual(inOrder);
          expect([...new Set(subject.log)]).toEqual(inOrder);
          expect(subject.mostInFlight).toBeLessThanOrEqual(1);
          expect(subject.released).toBe(calls);
        },
      ),
    ));

  it('splits a batch that is too large, so that only the append that is too large by itself fails', async () => {
    const lane = new PartitionLane(broker.context());
    const [small, large, other] = ['a', 'large', 'b'].map((value) => lane.append([record(value)], 1));
    const refused = expect(large).rejects.toThrow(AppendRefusedError);
    await settle();
    await broker.fail(new BrokerError('MESSAGE_TOO_LARGE', false));
    await broker.acknowledge();
    await broker.fail(new BrokerError('MESSAGE_TOO_LARGE', false));
    await broker.acknowledge();
    expect(broker.sent).toEqual(['a large b', 'a', 'large', 'b']);
    expect(await Promise.all([small, other])).toEqual([0, 1]);
    await refused;
    expect(broker.released).toBe(3);
  });

  it('gives up what time cannot heal, and goes on with the next', async () => {
    const lane = new PartitionLane(broker.context());
    const refused = expect(lane.append([record('a')], 1)).rejects.toThrow('TOPIC_AUTHORIZATION_FAILED');
    await settle();
    const next = lane.append([record('b')], 1);
    await broker.fail(new BrokerError('TOPIC_AUTHORIZATION_FAILED', false));
    await broker.acknowledge();
    await refused;
    expect(await next).toBe(0);
  });

  it('rejects an append that takes too long, and never sends it again', async () => {
    jest.useFakeTimers({ doNotFake: ['queueMicrotask', 'nextTick'] });
    try {
      const lane = new PartitionLane(broker.context({ appendTimeoutMs: 1_000 }));
      const inFlight = lane.append([record('a')], 1);
      const timedOut = Promise.all([expect(inFlight).rejects.toThrow(AppendTimeoutError)]);
      await settle();
      const queued = expect(lane.append([record('b')], 1)).rejects.toThrow(AppendTimeoutError);
      jest.advanceTimersByTime(1_000);
      await Promise.all([timedOut, queued]);
      const later = lane.append([record('c')], 1);
      await broker.fail();
      await broker.acknowledge();
      expect(broker.sent).toEqual(['a', 'c']);
      expect(await later).toBe(0);
      expect(broker.released).toBe(3);
    } finally {
      jest.useRealTimers();
    }
  });

  it('rejects everything when it is aborted', async () => {
    const lane = new PartitionLane(broker.context());
    const inFlight = expect(lane.append([record('a')], 1)).rejects.toThrow(WriterClosedError);
    await settle();
    const queued = expect(lane.append([record('b')], 1)).rejects.toThrow(WriterClosedError);
    lane.abort();
    await broker.fail();
    await Promise.all([inFlight, queued]);
    await lane.idle();
    expect(broker.released).toBe(2);
  });
});
