import { KnownSpans } from './known-spans';
import { decodeMergeState, encodeMergeState } from './merge-state';

const FRONTIER = {
  watermarkInputMs: 5,
  maxEventTimeMs: -Infinity,
  maxAppendMs: 7,
  caughtUp: true,
  held: false,
  rawNext: 3,
};

describe('the state of a merge task', () => {
  it('is restored as it was, with what was said of metrics that are not declared any more', () => {
    const spans = new KnownSpans([
      [0, 'a@1', { fromMs: 5, untilMs: Infinity }],
      [1, 'a@1', { fromMs: Infinity, untilMs: Infinity }],
      [1, 'b@1', { fromMs: -Infinity, untilMs: 9 }],
    ]);
    const frontiers = new Map([[1, { ...FRONTIER, definition: 'f0'.repeat(32) }]]);
    const restored = decodeMergeState(encodeMergeState({ frontiers, publishAfterEndMs: -Infinity, spans }));
    expect(restored.frontiers).toEqual(frontiers);
    expect(restored.publishAfterEndMs).toBe(-Infinity);
    expect([...restored.spans.entries()]).toEqual([...spans.entries()]);
  });

  it('is read from an earlier version, whose metrics were always declared', () => {
    const earlier = {
      version: 1,
      publishAfterEndMs: null,
      frontiers: [{ source: 2, ...FRONTIER, maxEventTimeMs: null }],
    };
    const restored = decodeMergeState(new TextEncoder().encode(JSON.stringify(earlier)));
    expect(restored.frontiers).toEqual(new Map([[2, FRONTIER]]));
    expect([...restored.spans.entries()]).toEqual([]);
  });
});
