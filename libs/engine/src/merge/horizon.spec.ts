import type { AttributionDefinition, MetricDefinition, SessionsDefinition } from '@tillstream/core';
import type { DerivedOf, DerivedStream, StreamDefinition } from '@tillstream/contracts';
import { horizonMs } from './horizon';

const MINUTE_MS = 60_000;

const metric = (sizeMs: number, outOfOrdernessMs: number): MetricDefinition =>
  ({ window: { sizeMs, hopMs: sizeMs }, outOfOrdernessMs }) as MetricDefinition;
const under = (parts: Partial<StreamDefinition>): StreamDefinition =>
  ({ metrics: [], ...parts }) as unknown as StreamDefinition;
const derived = (of: DerivedOf, metrics: readonly MetricDefinition[]): readonly DerivedStream[] => [
  { of, definition: under({ metrics }) },
];
const sessions = { gapMs: 30 * MINUTE_MS, outOfOrdernessMs: 1_000 } as SessionsDefinition;
const attribution = { withinMs: 30 * MINUTE_MS, outOfOrdernessMs: 10 * MINUTE_MS } as AttributionDefinition;

describe('how long after the newest event something may wait for time to pass', () => {
  it('is until the windows are closed that hold it', () => {
    expect(horizonMs([under({ metrics: [metric(MINUTE_MS, 0), metric(20_000, 50_000)] })])).toBe(70_000);
    expect(horizonMs([under({})])).toBe(0);
  });

  it('is until more than the gap has passed behind a session', () => {
    expect(horizonMs([under({ sessions, metrics: [metric(MINUTE_MS, 0)] })])).toBe(30 * MINUTE_MS + 1_001);
  });

  it('is until the windows are closed that hold the row of a session', () => {
    const streams = { sessions, derived: derived('sessions', [metric(5 * MINUTE_MS, 2_000)]) };
    expect(horizonMs([under(streams)])).toBe(1_000 + 30 * MINUTE_MS + 5 * MINUTE_MS + 2_000);
  });

  it('is until a purchase is decided, and the windows are closed that hold what it is attributed to', () => {
    expect(horizonMs([under({ attribution })])).toBe(10 * MINUTE_MS);
    const streams = { attribution, derived: derived('attributions', [metric(MINUTE_MS, 0)]) };
    expect(horizonMs([under(streams)])).toBe(11 * MINUTE_MS);
  });

  it('is the longest under any definition: what an earlier one has begun goes on', () => {
    expect(horizonMs([under({ sessions }), under({})])).toBe(30 * MINUTE_MS + 1_001);
  });
});
