import { topicSpecs } from '@tillstream/contracts';
import { smallDefinition } from '@tillstream/contracts/testing';
import type { LogWriter, NewRecord } from '../ports/log';
import { MAX_APPEND_BYTES, appendBytes } from '../ports/log';
import { OrderedAppender } from './ordered-appender';

const aRecord = (text: string): NewRecord => ({ key: null, value: new TextEncoder().encode(text) });

/** A writer whose appends end when the test says so. */
class HeldWriter implements LogWriter {
  readonly appends: { texts: string[]; ack: () => void; fail: (cause: Error) => void }[] = [];

  append(_topic: string, _partition: number, records: readonly NewRecord[]): Promise<number> {
    return new Promise((resolve, reject) => {
      const texts = records.map(({ value }) => new TextDecoder().decode(value ?? undefined));
      this.appends.push({ texts, ack: () => resolve(0), fail: reject });
    });
  }
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('OrderedAppender', () => {
  it('has one append under way and gathers what comes meanwhile', async () => {
    const writer = new HeldWriter();
    const appender = new OrderedAppender(writer, 't', 0);
    for (const text of ['a', 'b', 'c']) appender.enqueue([aRecord(text)]);
    expect(writer.appends.map(({ texts }) => texts)).toEqual([['a']]);
    writer.appends[0]?.ack();
    await settled();
    expect(writer.appends.map(({ texts }) => texts)).toEqual([['a'], ['b', 'c']]);
  });

  it('flushes what was enqueued before, not what comes after', async () => {
    const writer = new HeldWriter();
    const appender = new OrderedAppender(writer, 't', 0);
    appender.enqueue([aRecord('a')]);
    const flushed = appender.flush();
    appender.enqueue([aRecord('b')]);
    writer.appends[0]?.ack();
    await expect(flushed).resolves.toBeUndefined();
    expect(writer.appends).toHaveLength(2);
  });

  it('never sends what follows a failed append', async () => {
    const writer = new HeldWriter();
    const appender = new OrderedAppender(writer, 't', 0);
    appender.enqueue([aRecord('a')]);
    appender.enqueue([aRecord('b')]);
    const flushed = appender.flush();
    writer.appends[0]?.fail(new Error('gone'));
    await expect(flushed).rejects.toThrow('gone');
    expect(writer.appends).toHaveLength(1);
    expect(() => appender.assertAlive()).toThrow('gone');
    expect(() => appender.enqueue([aRecord('c')])).toThrow('gone');
    await expect(appender.flush()).rejects.toThrow('gone');
  });

  it('counts the bytes that are not acknowledged', async () => {
    const writer = new HeldWriter();
    const appender = new OrderedAppender(writer, 't', 0);
    appender.enqueue([aRecord('x'.repeat(1_000))]);
    appender.enqueue([aRecord('x'.repeat(1_000))]);
    expect(appender.pendingBytes).toBeGreaterThanOrEqual(2_000);
    writer.appends[0]?.ack();
    await settled();
    writer.appends[1]?.ack();
    await settled();
    expect(appender.pendingBytes).toBe(0);
  });

  it('sends no more at once than every topic takes, however much waits, and a large record by itself', async () => {
    const writer = new HeldWriter();
    const appender = new OrderedAppender(writer, 't', 0);
    const sizes = [100, 400_000, 400_000, 400_000, 2_000_000, 100, 100];
    appender.enqueue(sizes.map((size) => aRecord('x'.repeat(size))));
    for (let i = 0; i < writer.appends.length; i++) {
      writer.appends[i]?.ack();
      await settled();
    }
    const sent = writer.appends.map(({ texts }) => texts.map(({ length }) => length));
    expect(sent).toEqual([[100, 400_000, 400_000], [400_000], [2_000_000], [100, 100]]);
    expect(appender.pendingBytes).toBe(0);
  });

  it('has a bound that every topic of a stream takes', () => {
    const limits = topicSpecs(smallDefinition(), 1).map(({ configs }) => Number(configs['max.message.bytes']));
    for (const limit of limits) expect(limit).toBeGreaterThan(MAX_APPEND_BYTES);
  });

  it('counts headers', () => {
    const bare = aRecord('a');
    const dressed = { ...bare, headers: { traceparent: new Uint8Array(55) } };
    expect(appendBytes(dressed)).toBeGreaterThanOrEqual(appendBytes(bare) + 66);
    const many = Array.from({ length: Math.floor(MAX_APPEND_BYTES / appendBytes(dressed)) + 1 }, () => dressed);
    const writer = new HeldWriter();
    new OrderedAppender(writer, 't', 0).enqueue(many);
    expect(writer.appends[0]?.texts).toHaveLength(many.length - 1);
  });
});
