import { definitionFrom, smallStreamFile } from '@tillstream/contracts/testing';
import { Retelling } from './retelling';

const MINUTE = 60_000;

/** `sales` with windows of a day; `visitors` keeps those of ten seconds, and `spend` is local. */
const { metrics } = definitionFrom(
  smallStreamFile().replace('window: {size: 20s, hop: 5s}', 'window: {size: 1d}').replace('hop: 10s', 'hop: 20s'),
);

describe('telling shares anew', () => {
  it('is for metrics that are merged and whose windows stay open for long', () => {
    expect(new Retelling(metrics, 0).metrics.map(({ name }) => name)).toEqual(['sales']);
  });

  it('gives every group its turn within ten minutes', () => {
    const retelling = new Retelling(metrics, 0);
    const turns = new Set<number>();
    for (let nowMs = 0; nowMs <= 10 * MINUTE; nowMs += 1_000) {
      const due = retelling.due(nowMs, nowMs);
      if (due) turns.add(due.turn);
      expect(due?.turns ?? 60).toBe(60);
    }
    expect(turns.size).toBe(60);
  });

  it('rests while nothing comes', () => {
    const retelling = new Retelling(metrics, 0);
    expect(retelling.due(5, MINUTE)).not.toBeNull();
    expect(retelling.due(5, 2 * MINUTE)).toBeNull();
    expect(retelling.due(6, 2 * MINUTE)).toEqual({ turn: 1, turns: 60 });
  });

  it('is nothing where all windows are short', () => {
    const short = metrics.filter(({ name }) => name === 'visitors');
    expect(new Retelling(short, 0).due(1, MINUTE)).toBeNull();
  });
});
