import type { ShopRow } from '@tillstream/shop-events';
import { PublishInterruptedError } from '../gateway/gateway-client';
import { fakeClock } from '../testing/fake-clock';
import type { RowSink } from './row-sink';
import { type GeneratePlan, runGenerate } from './run-generate';

interface Sent {
  readonly atMs: number;
  readonly rows: readonly ShopRow[];
}

function rowAt(timeMs: number): ShopRow {
  return { text: String(timeMs), key: 'k', fault: null };
}

function setUp(plan: Partial<GeneratePlan> = {}) {
  const clock = fakeClock(1_000);
  const stop = new AbortController();
  const sent: Sent[] = [];
  const sink: RowSink = {
    parallel: 1,
    send: (rows) => {
      sent.push({ atMs: clock.nowMs(), rows });
      return Promise.resolve({ accepted: rows.length, rejected: {} });
    },
    close: () => Promise.resolve(),
  };
  const whole: GeneratePlan = { next: rowAt, rate: 0, count: 10, batch: 4, timeOf: null, ...plan };
  return { clock, stop, sent, sink, run: (into: RowSink = sink) => runGenerate(whole, into, clock, stop.signal) };
}

describe('generating', () => {
  it('sends exactly the rows asked for, in bodies of at most the batch', async () => {
    const { run, sent } = setUp({ timeOf: (made) => 500 + made });
    await expect(run()).resolves.toEqual({ made: 10, accepted: 10, rejected: {}, unanswered: 0 });
    expect(sent.map(({ rows }) => rows.map(({ text }) => text))).toEqual([
      ['500', '501', '502', '503'],
      ['504', '505', '506', '507'],
      ['508', '509'],
    ]);
  });

  it('keeps to the rate, a few rows at a time', async () => {
    const { run, sent } = setUp({ rate: 100, count: 1_000, batch: 500 });
    await run();
    for (const { atMs, rows } of sent) {
      const before = sent.filter((other) => other.atMs <= atMs).reduce((sum, other) => sum + other.rows.length, 0);
      expect(before).toBeLessThanOrEqual(((atMs - 1_000) * 100) / 1_000 + 1);
      expect(rows.length).toBeLessThanOrEqual(6);
    }
    expect((sent.at(-1)?.atMs ?? 0) - 1_000).toBeCloseTo(10_000, -2);
  });

  it('does not make up for a long pause of the other side: live events are about now', async () => {
    const { run, sent, sink, clock } = setUp({ rate: 100, count: 200, batch: 1_000 });
    await run({
      ...sink,
      send: (rows) => {
        if (sent.length === 3) clock.advance(3_600_000);
        return sink.send(rows);
      },
    });
    expect(Math.max(...sent.map(({ rows }) => rows.length))).toBeLessThanOrEqual(6);
  });

  it('counts what was refused, by reason', async () => {
    const { run, sink } = setUp({ count: 8 });
    const counts = await run({
      ...sink,
      send: () => Promise.resolve({ accepted: 1, rejected: { 'wrong-type': 2, 'no-key': 1 } }),
    });
    expect(counts).toMatchObject({ accepted: 2, rejected: { 'wrong-type': 4, 'no-key': 2 } });
  });

  it('stops when interrupted, waits for what is under way, and says what was not answered', async () => {
    const { run, sink, stop } = setUp({ count: Infinity });
    let sends = 0;
    const counts = await run({
      ...sink,
      send: async (rows) => {
        sends += 1;
        if (sends < 3) return { accepted: rows.length, rejected: {} };
        stop.abort();
        await Promise.resolve();
        throw new PublishInterruptedError('stopped');
      },
    });
    expect(counts).toEqual({ made: 12, accepted: 8, rejected: {}, unanswered: 4 });
  });

  it('ends with the first failure of the other side, not before the rest is answered', async () => {
    const { run, sink } = setUp({ count: Infinity });
    let answered = 0;
    let sends = 0;
    const parallel: RowSink = {
      ...sink,
      parallel: 3,
      send: async (rows) => {
        sends += 1;
        if (sends === 1) throw new Error('refused');
        await Promise.resolve();
        answered += 1;
        return { accepted: rows.length, rejected: {} };
      },
    };
    await expect(run(parallel)).rejects.toThrow('refused');
    expect(answered).toBe(sends - 1);
  });

  it('has no more sends under way than the sink allows', async () => {
    const { run, sink } = setUp({ count: 40 });
    let underWay = 0;
    let most = 0;
    await run({
      ...sink,
      parallel: 3,
      send: async (rows) => {
        most = Math.max(most, (underWay += 1));
        await new Promise(setImmediate);
        underWay -= 1;
        return { accepted: rows.length, rejected: {} };
      },
    });
    expect(most).toBe(3);
  });
});
