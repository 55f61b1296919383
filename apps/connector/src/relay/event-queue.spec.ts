import { EventQueue } from './event-queue';

const isPending = async (promise: Promise<void>): Promise<boolean> => {
  const pending = Symbol('pending');
  await new Promise(setImmediate);
  return (await Promise.race([promise, Promise.resolve(pending)])) === pending;
};

const event = (data: string, id: string | null = data) => ({ data, id });

describe('the queue between source and gateway', () => {
  it('gives events in order, one a line, and where to go on behind them', async () => {
    const queue = new EventQueue('start', 1_000);
    expect([queue.lastId, queue.take()]).toEqual(['start', null]);
    await queue.put([event('{"a":\n1}'), event('{"b":"é"}')]);
    expect(queue.lastId).toBe('{"b":"é"}');
    expect(queue.take()).toEqual({ bytes: Buffer.from('{"a": 1}\n{"b":"é"}\n'), events: 2, lastId: '{"b":"é"}' });
    expect([queue.take(), queue.bytes]).toEqual([null, 0]);
  });

  it('holds up who puts more than there is room for, until some has been taken', async () => {
    const queue = new EventQueue(null, 10);
    expect(await isPending(queue.put([event('12345678')]))).toBe(false);
    const full = queue.put([event('9')]);
    expect(await isPending(full)).toBe(true);
    queue.take();
    expect(await isPending(full)).toBe(false);
  });

  it('wakes who waits for an event', async () => {
    const queue = new EventQueue(null, 10);
    const filled = queue.filled();
    expect(await isPending(filled)).toBe(true);
    await queue.put([event('1')]);
    expect(await isPending(filled)).toBe(false);
    expect(await isPending(queue.filled())).toBe(false);
  });

  it('gives no body of more than a thousand events or a megabyte, but an event that is larger by itself', async () => {
    const queue = new EventQueue(null, 1e9);
    await queue.put(Array.from({ length: 1_500 }, (_, i) => event(String(i))));
    await queue.put([event('x'.repeat(990_000)), event('y'.repeat(2_000_000)), event('z')]);
    const bodies = Array.from({ length: 5 }, () => queue.take());
    expect(bodies.map((body) => body?.events)).toEqual([1_000, 501, 1, 1, undefined]);
  });
});
