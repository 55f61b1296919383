import fc from 'fast-check';

import { DedupeHorizon } from './dedupe-horizon';

const bounds = { withinMs: 100, maxRows: 7 };

/** Sixteen bytes; few different ones, many of which share their first word: the index must tell them apart. */
function hashOf(id: number): DataView {
  const view = new DataView(new ArrayBuffer(16));
  view.setInt32(0, id % 3, true);
  view.setInt32(12, id, true);
  return view;
}

interface Taken {
  readonly id: number;
  readonly row: number;
  readonly appendMs: number;
}

/** Slow and obvious: looks through every row there ever was. */
function stoodWithin(log: readonly Taken[], { id, row, appendMs }: Taken): boolean {
  return log.some((e) => e.id === id && row - e.row <= bounds.maxRows && appendMs - e.appendMs <= bounds.withinMs);
}

const records = fc.array(
  fc.record({
    elapsedMs: fc.oneof({ weight: 5, arbitrary: fc.nat(20) }, fc.nat(300)),
    /** Null: a row without an id, which counts as a row. */
    ids: fc.array(fc.option(fc.nat(12)), { maxLength: 6 }),
    refused: fc.boolean(),
  }),
  { maxLength: 40 },
);

describe('DedupeHorizon', () => {
  it('knows exactly the hashes within both bounds, whatever was rolled back', () => {
    fc.assert(
      fc.property(records, (list) => {
        const horizon = new DedupeHorizon(bounds);
        let log: Taken[] = [];
        let rowsSeen = 0;
        let appendMs = 0;
        for (const { elapsedMs, ids, refused } of list) {
          appendMs += elapsedMs;
          horizon.beginRecord(rowsSeen, appendMs);
          const before = log;
          ids.forEach((id, place) => {
            if (id === null) return;
            const taken = { id, row: rowsSeen + 1 + place, appendMs };
            expect(horizon.take(hashOf(id), 0, place)).toBe(stoodWithin(log, taken));
            log = [...log, taken];
          });
          if (refused) {
            horizon.rollback();
            log = before;
          } else {
            rowsSeen += ids.length;
          }
        }
        horizon.beginRecord(rowsSeen, appendMs);
        for (let id = 0; id <= 12; id++) {
          expect(horizon.has(hashOf(id), 0)).toBe(stoodWithin(log, { id, row: rowsSeen + 1, appendMs }));
        }
      }),
      { numRuns: 400 },
    );
  });

  it('holds no more than its bounds and one record, over any number of hashes', () => {
    const horizon = new DedupeHorizon({ withinMs: 1000, maxRows: 5000 });
    const view = new DataView(new ArrayBuffer(16));
    let largest = 0;
    let known = 0;
    for (let record = 0; record < 3000; record++) {
      horizon.beginRecord(record * 100, record);
      for (let place = 0; place < 100; place++) {
        view.setInt32(0, Math.imul(record * 100 + place, 0x9e3779b1), true);
        view.setInt32(4, record * 100 + place, true);
        if (horizon.take(view, 0, place)) known++;
      }
      largest = Math.max(largest, horizon.size);
    }
    expect(known).toBe(0);
    expect(largest).toBeLessThanOrEqual(5100);
  });

  it('grows without forgetting, also within a record that is then refused', () => {
    const horizon = new DedupeHorizon({ withinMs: 1000, maxRows: 1_000_000 });
    const view = (id: number) => {
      const hash = new DataView(new ArrayBuffer(16));
      hash.setInt32(0, Math.imul(id, 0x9e3779b1), true);
      hash.setInt32(8, id, true);
      return hash;
    };
    horizon.beginRecord(0, 0);
    for (let id = 0; id < 900; id++) horizon.take(view(id), 0, id);
    horizon.beginRecord(900, 0);
    for (let id = 0; id < 5000; id++) expect(horizon.take(view(id), 0, id)).toBe(id < 900);
    horizon.rollback();
    for (let id = 0; id < 5000; id++) expect(horizon.has(view(id), 0)).toBe(id < 900);
  });
});
