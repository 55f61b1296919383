import type { Frontier } from '@tillstream/contracts';
import type { StreamSchema } from '@tillstream/core';
import { IdleCoordinator } from './idle-coordinator';

const HORIZON_MS = 60_000;
const schema = { partitions: 3, eventTime: { idleAfterMs: 10_000 } } as unknown as StreamSchema;

const at = (inputMs: number, more: Partial<Frontier> = {}): Frontier => ({
  watermarkInputMs: inputMs,
  maxEventTimeMs: inputMs,
  maxAppendMs: inputMs,
  caughtUp: true,
  held: false,
  rawNext: 1,
  ...more,
});

/** A coordinator that has heard of all three partitions at time 0. */
function coordinator(...frontiers: readonly Frontier[]): IdleCoordinator {
  const idle = new IdleCoordinator(schema, HORIZON_MS);
  frontiers.forEach((frontier, source) => idle.observe(source, frontier, 0));
  return idle;
}

describe('IdleCoordinator', () => {
  it('leaves partitions alone that move', () => {
    expect(coordinator(at(100), at(200), at(300)).due(9_999)).toEqual([]);
  });

  it('brings an idle partition to the lowest of those that are not', () => {
    const idle = coordinator(at(1_000), at(5_000), at(7_000));
    idle.observe(1, at(6_000), 9_000);
    idle.observe(2, at(7_500), 9_000);
    expect(idle.due(10_000)).toEqual([{ partition: 0, toMs: 6_000 }]);
  });

  it('takes a partition that never had a row for idle at once', () => {
    expect(coordinator(at(-Infinity), at(5_000), at(7_000)).due(1)).toEqual([{ partition: 0, toMs: 5_000 }]);
  });

  it('waits for a partition that is behind, however long', () => {
    const idle = coordinator(at(1_000, { caughtUp: false }), at(5_000), at(7_000));
    expect(idle.due(1_000_000)).toEqual([]);
  });

  it('lets time flow from the newest input when everybody rests', () => {
    const due = coordinator(at(1_000), at(5_000), at(7_000)).due(20_000);
    expect(due).toEqual([0, 1, 2].map((partition) => ({ partition, toMs: 27_000 })));
  });

  it('says nothing between hold and release', () => {
    const idle = coordinator(at(1_000), at(5_000, { held: true }), at(7_000));
    expect(idle.due(1_000_000)).toEqual([]);
    idle.observe(1, at(5_000), 1_000_000);
    expect(idle.due(1_000_000)).toHaveLength(3);
  });

  it('says nothing before it has heard of every partition', () => {
    expect(coordinator(at(1_000), at(5_000)).due(1_000_000)).toEqual([]);
  });

  it('writes nothing once no window can be open any more', () => {
    const closed = at(7_000 + HORIZON_MS, { maxEventTimeMs: 7_000 });
    expect(coordinator(closed, closed, closed).due(1_000_000)).toEqual([]);
  });

  it('goes on while one partition may hold up the windows of another', () => {
    const closed = at(7_000 + HORIZON_MS, { maxEventTimeMs: 7_000 });
    const behind = at(6_000, { maxEventTimeMs: 6_000 });
    expect(
      coordinator(closed, closed, behind)
        .due(20_000)
        .map(({ partition }) => partition),
    ).toContain(2);
  });

  it('tells a partition no more often than every five seconds', () => {
    const idle = coordinator(at(-Infinity), at(5_000), at(7_000));
    expect(idle.due(1)).toHaveLength(1);
    expect(idle.due(5_000)).toEqual([]);
    expect(idle.due(5_001)).toHaveLength(1);
  });

  it('is not led back by a frontier that a zombie repeats', () => {
    const idle = coordinator(at(1_000), at(5_000), at(7_000));
    idle.observe(2, at(3_000), 100);
    idle.observe(0, at(2_000), 10_000);
    idle.observe(1, at(6_000), 10_000);
    expect(idle.due(10_000)).toEqual([]);
  });
});
