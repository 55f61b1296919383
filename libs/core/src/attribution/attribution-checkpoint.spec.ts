import * as fc from 'fast-check';
import { PartitionLog } from '../metrics/testing/partition-log';
import { AttributionBook } from './attribution-book';
import { decodePurchases } from './pending-purchase';
import { anAttribution, scenes, shopSchema } from './testing/attribution-arbitraries';
import type { ToldAttributions } from './testing/run-attribution';
import { SavedAttribution, applyEntries } from './testing/run-attribution';

const schema = shopSchema;

/** What happens behind each batch. */
const steps = fc.array(
  fc.record({ entries: fc.nat(4), commit: fc.boolean(), crash: fc.boolean(), repeat: fc.boolean() }),
  { maxLength: 15 },
);
const LAST = { entries: Infinity, commit: true, crash: true, repeat: false };

const nothing = (): ToldAttributions => ({ decided: [], late: [] });

describe('a checkpoint of AttributionBook', () => {
  it('restores a book that tells the same from there on, whatever was committed when', () => {
    fc.assert(
      fc.property(scenes, steps, ({ attribution, log }, life) => {
        const smooth = nothing();
        applyEntries(new AttributionBook(schema, attribution, -Infinity), log, 0, log.entries.length, smooth);

        const told = nothing();
        const saved = new SavedAttribution();
        let book = new AttributionBook(schema, attribution, -Infinity);
        let at = 0;
        let committed = { at: 0, decided: 0, late: 0 };
        for (const { entries, commit, crash, repeat } of [...life, LAST]) {
          const to = Math.min(at + entries, log.entries.length);
          applyEntries(book, log, at, to, told);
          at = to;
          if (commit) {
            saved.commit(book.takeDeltas());
            expect(book.unsavedBytes()).toBe(0);
            committed = { at, decided: told.decided.length, late: told.late.length };
          }
          if (!crash) continue;
          // What was told behind the checkpoint is told again.
          at = committed.at;
          told.decided.length = committed.decided;
          told.late.length = committed.late;
          const { purchases } = book.size();
          book = new AttributionBook(schema, attribution, -Infinity);
          book.restore(saved.pieces(repeat), log.before(at).watermarkInputMs);
          if (commit) expect(book.size().purchases).toBe(purchases);
        }
        applyEntries(book, log, at, log.entries.length, told);
        expect(told).toEqual(smooth);
      }),
      { numRuns: 1000 },
    );
  });

  it('restores at every record alike', () => {
    fc.assert(
      fc.property(scenes, ({ attribution, log }) => {
        const smooth = nothing();
        applyEntries(new AttributionBook(schema, attribution, -Infinity), log, 0, log.entries.length, smooth);
        const told = nothing();
        const saved = new SavedAttribution();
        log.entries.forEach((_, i) => {
          const book = new AttributionBook(schema, attribution, -Infinity);
          book.restore(saved.pieces(false), log.before(i).watermarkInputMs);
          applyEntries(book, log, i, i + 1, told);
          saved.commit(book.takeDeltas());
        });
        expect(told).toEqual(smooth);
      }),
      { numRuns: 200 },
    );
  });

  it('keeps nothing that no purchase can need', () => {
    fc.assert(
      fc.property(scenes, ({ attribution, log }) => {
        const end = { offset: 1000, appendMs: 1e12, rows: [], advanceToMs: 1e11 };
        const finished = new PartitionLog(schema, 0, [...log.entries, end]);
        const saved = new SavedAttribution();
        const book = new AttributionBook(schema, attribution, -Infinity);
        finished.entries.forEach((_, i) => {
          applyEntries(book, finished, i, i + 1, nothing());
          saved.commit(book.takeDeltas());
        });
        expect([...saved.slices.keys()]).toEqual([]);
        expect(book.size()).toEqual({ views: 0, purchases: 0, slices: 0, viewBytes: 0 });
      }),
      { numRuns: 200 },
    );
  });

  it('has no purchases that were decided before it', () => {
    const rows = [200, 210, 225].map((at) => ({ at, type: 'purchase', user: 'ann', product: 'a' }));
    const log = new PartitionLog(schema, 0, [{ offset: 0, appendMs: 1e9, rows }]);
    const book = new AttributionBook(schema, anAttribution({ outOfOrdernessMs: 10 }), -Infinity);
    applyEntries(book, log, 0, 1, nothing());
    const { deltas } = book.takeDeltas();
    expect(deltas.map(({ bytes }) => decodePurchases(bytes).map(({ timeMs }) => timeMs))).toEqual([[225]]);
  });

  it('replaces the purchases of a minute once most of them are decided', () => {
    const attribution = anAttribution({ outOfOrdernessMs: 150 });
    const entries = Array.from({ length: 500 }, (_, offset) => {
      const rows = [{ at: 60_000 + 100 * offset, type: 'both', user: 'ann', product: 'a' }];
      return { offset, appendMs: 1e9, rows };
    });
    const log = new PartitionLog(schema, 0, entries);
    const smooth = nothing();
    applyEntries(new AttributionBook(schema, attribution, -Infinity), log, 0, entries.length, smooth);

    const saved = new SavedAttribution();
    const told = nothing();
    let book = new AttributionBook(schema, attribution, -Infinity);
    for (let i = 0; i < entries.length; i++) {
      applyEntries(book, log, i, i + 1, told);
      const deltas = book.takeDeltas();
      saved.commit(deltas);
      if (deltas.rewrites.length === 0) continue;
      book = new AttributionBook(schema, attribution, -Infinity);
      book.restore(saved.pieces(false), log.before(i + 1).watermarkInputMs);
    }
    expect(told).toEqual(smooth);
    const [stored = []] = [...saved.slices].flatMap(([name, list]) => (name.includes('purchases') ? [list] : []));
    expect(stored.reduce((sum, { length }) => sum + length, 0)).toBeLessThanOrEqual(4096);
  });

  it('drops what another attribution has left, and refuses what no attribution has', () => {
    const book = new AttributionBook(schema, anAttribution(), -Infinity);
    const bytes = Uint8Array.of(1, 0);
    book.restore([{ slice: 'attribution@another1/views/0', bytes }], -Infinity);
    expect(book.takeDeltas()).toEqual({ deltas: [], rewrites: [], drops: ['attribution@another1/views/0'] });
    const { identity } = anAttribution();
    expect(() => book.restore([{ slice: `${identity}/slice/0`, bytes }], 0)).toThrow(RangeError);
    expect(() => book.restore([{ slice: `${identity}/views/1`, bytes }], 0)).toThrow(RangeError);
    expect(() => book.restore([{ slice: `${identity}/views/0`, bytes: Uint8Array.of(9, 0) }], 0)).toThrow(RangeError);
    expect(() => book.restore([{ slice: `${identity}/purchases/0`, bytes: Uint8Array.of(9, 0) }], 0)).toThrow(
      RangeError,
    );
  });
});
