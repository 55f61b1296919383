import { setImmediate } from 'node:timers/promises';
import { encodeDefinition } from '@tillstream/contracts';
import { definitionFrom, smallDefinition, smallStreamFile } from '@tillstream/contracts/testing';
import { silentTelemetry, type Clock } from '@tillstream/engine';
import { MemoryResults, type WrittenResult } from '../testing/memory-results';
import { LogReplacedError, PartitionCountError } from './log-follower';
import { ResultFollower } from './result-follower';
import { ServedStream } from './served-stream';

const NOTHING = new TextEncoder().encode('nothing the view knows');
const impatient: Clock = { nowMs: () => Date.now(), monotonicMs: () => performance.now(), sleep: () => setImmediate() };

const sale = (startMs: number, category: string, more: Partial<WrittenResult> = {}): WrittenResult => ({
  metric: 'sales',
  startMs,
  group: { category },
  measures: { total: '1.00', orders: 1, average: '1.000000' },
  ...more,
});

let results: MemoryResults;
let follower: ResultFollower;
let running: Promise<void>;
let troubles: unknown[];

function follow(log = results.log, definition = results.definition): void {
  troubles = [];
  follower = new ResultFollower(new ServedStream(definition, 1_000), {
    log,
    clock: impatient,
    tracer: silentTelemetry.tracer,
    maxWaitMs: 5,
    retryMs: 1,
    sweepEveryMs: 60_000,
    onTrouble: (_, error) => troubles.push(error),
  });
  running = follower.run();
  running.catch(() => undefined);
}

async function until(done: () => boolean): Promise<void> {
  while (!done()) await setImmediate();
}

const rows = (): number => follower.stream.view.rows;
const salesIdentity = (): string => results.definition.metrics[0]!.identity;

beforeEach(() => {
  results = new MemoryResults(smallDefinition(2));
});

afterEach(async () => {
  follower.stop();
  await running.catch(() => undefined);
});

describe('following the results', () => {
  it('is caught up with an empty log at once', async () => {
    follow();
    await follower.caughtUp();
    expect(follower.missing).toBeNull();
  });

  it('is caught up when it has read what stood there when it began', async () => {
    results.write(0, [sale(0, 'a'), sale(0, 'b')]);
    results.write(1, [sale(5_000, 'c')]);
    follow();
    expect(follower.isCaughtUp).toBe(false);
    await follower.caughtUp();
    expect(rows()).toBe(3);
    results.write(1, [sale(5_000, 'd')]);
    await until(() => rows() === 4);
    expect(await follower.lag()).toEqual([0, 0]);
  });

  it('passes over records it does not understand, and counts them', async () => {
    results.append(0, [
      { key: NOTHING, value: NOTHING },
      { key: null, value: null },
    ]);
    results.write(0, [sale(0, 'a')]);
    follow();
    await follower.caughtUp();
    expect([rows(), follower.stream.unknownRecords]).toEqual([1, 2]);
  });

  it('is not held up when compaction has taken the last records of the log', async () => {
    results.write(0, [sale(0, 'a'), sale(0, 'b')]);
    const taken = { ...results.log, end: async (): Promise<number> => 10 };
    Object.setPrototypeOf(taken, results.log);
    follow(taken);
    await follower.caughtUp();
    expect(follower.stream.view.positions).toEqual([10, 10]);
  });

  it('knows that windows may lack results when records expired before it came', async () => {
    results.write(0, [sale(0, 'a', { final: true })]);
    results.close(0, 'sales', 0);
    results.write(0, [sale(5_000, 'b', { final: true })]);
    results.close(0, 'sales', 5_000);
    results.trim(0, 1);
    follow();
    await follower.caughtUp();
    expect(follower.stream.view.completeFromMs(salesIdentity())).toBe(5_000);
    expect(follower.stream.view.hasForgottenSince(salesIdentity(), [0, 0])).toBe(true);
  });

  it('goes on after trouble with the log, and says so meanwhile', async () => {
    results.write(0, [sale(0, 'a')]);
    let failures = 3;
    const troubled = Object.assign(Object.create(results.log) as typeof results.log, {
      end: (topic: string, partition: number) =>
        failures-- > 0 ? Promise.reject(new Error('no broker answers')) : results.log.end(topic, partition),
    });
    follow(troubled);
    expect(follower.missing).toContain('cannot be read yet');
    await follower.caughtUp();
    expect(rows()).toBe(1);
    expect(troubles.length).toBeGreaterThan(0);
  });

  it('ends when the log is not the one it has read', async () => {
    results.write(0, [sale(0, 'a'), sale(0, 'b')]);
    const replaced = Object.assign(Object.create(results.log) as typeof results.log, { shrunk: false });
    replaced.end = (topic, partition) => (rows() > 0 ? Promise.resolve(1) : results.log.end(topic, partition));
    follow(replaced);
    await expect(running).rejects.toThrow(LogReplacedError);
  });

  it('refuses a topic with another partition count than the stream file says', async () => {
    follow(results.log, smallDefinition(3));
    await expect(running).rejects.toThrow(PartitionCountError);
  });
});

describe('following the stream files', () => {
  const changed = definitionFrom(smallStreamFile(2).replace('size: 20s, hop: 5s', 'size: 30s, hop: 5s'));
  const [old, next] = [smallDefinition(2), changed].map(({ metrics }) => metrics[0]!.identity) as [string, string];
  const declared = (): string[] => follower.stream.metrics.map(({ metric }) => metric.identity);

  it('answers for a metric as soon as it is declared', async () => {
    results.write(0, [sale(0, 'a')]);
    follow();
    await follower.caughtUp();
    results.putLive(changed);
    await until(() => declared()[0] === next);
    expect(follower.stream.view.metric(next).rows).toBe(0);
    expect(follower.stream.metricNamed('sales')?.metric.identity).toBe(next);
  });

  it('keeps the results of a metric that is declared no more, under its identity', async () => {
    results.putLive(smallDefinition(2));
    results.write(0, [sale(0, 'a')]);
    results.putLive(changed);
    results.write(1, [sale(0, 'b')]);
    follow();
    await follower.caughtUp();
    const { view, retired } = follower.stream;
    expect([view.metric(old).rows, view.metric(next).rows]).toEqual([1, 1]);
    expect(retired.map(({ metric }) => metric.identity)).toEqual([old]);
    expect(follower.stream.metricNamed(old)?.metric.identity).toBe(old);
  });

  it('loses no result that comes before it has heard of the stream file', async () => {
    // The stream file can be read only once its results have been.
    let open = false;
    const slow = Object.assign(Object.create(results.log) as typeof results.log, {
      read: async (topic: string, ...at: [number, number, number]) => {
        const isHidden = topic === results.definition.topics.definitions && !open;
        return isHidden ? setImmediate([]) : results.log.read(topic, ...at);
      },
      end: async (topic: string, partition: number) => {
        if (topic !== results.definition.topics.definitions) return results.log.end(topic, partition);
        const end = await results.log.end(topic, partition);
        return open ? end : 0;
      },
    });
    follow(slow);
    await follower.caughtUp();
    results.write(0, [sale(0, 'before')]);
    open = true; // from here on reading finds it, but nobody is woken
    results.definition = changed;
    results.broker.append(changed.topics.definitions, 0, [encodeDefinition(changed)]);
    results.write(0, [sale(0, 'a'), sale(5_000, 'b')]);
    await until(() => rows() === 3);
    expect(follower.stream.view.metric(next).rows).toBe(2);
    expect(follower.stream.unknownRecords).toBe(0);
  });

  it('passes over results of which no stream file is known, each once asked for', async () => {
    results.definition = changed; // nobody keeps it
    results.write(0, [sale(0, 'a'), sale(0, 'b')]);
    results.definition = smallDefinition(2);
    results.write(0, [sale(0, 'c')]);
    follow();
    await follower.caughtUp();
    expect([rows(), follower.stream.unknownRecords]).toEqual([1, 2]);
  });
});
