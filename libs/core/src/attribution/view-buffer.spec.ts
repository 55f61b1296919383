import * as fc from 'fast-check';
import { DeltaBook } from '../metrics/slices/delta-book';
import { FoundViews } from './found-views';
import { ViewBuffer } from './view-buffer';

const MINUTE_MS = 60_000;
const HALF_HOUR_MS = 30 * MINUTE_MS;
const nameOf = (startMs: number) => `s/${startMs}`;

/** As good as random, and always the same: mulberry32. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed);
    return (mixed ^ (mixed >>> 14)) | 0;
  };
}

/** A number that says nothing about this one's size. */
const mixed = (value: number) => Math.imul(value + 1, 0x9e3779b1);

function aHash(next: () => number): Int32Array {
  return Int32Array.from({ length: 4 }, next);
}

describe('ViewBuffer', () => {
  it('finds the newest views of a hash in whatever order they came', () => {
    const views = fc.array(fc.record({ who: fc.nat(2), timeMs: fc.integer({ min: -200, max: 200_000 }) }), {
      maxLength: 60,
    });
    const few = fc.record({ who: fc.nat(2), timeMs: fc.integer({ min: 0, max: 8 }) });
    fc.assert(
      fc.property(
        fc.oneof(views, fc.array(few, { maxLength: 60 })),
        fc.record({ who: fc.nat(3), timeMs: fc.integer({ min: -200, max: 200_000 }) }),
        fc.constantFrom(1, 5, 70_000),
        fc.integer({ min: 1, max: 5 }),
        (held, { who, timeMs }, withinMs, maxMatches) => {
          const buffer = new ViewBuffer(withinMs);
          const found = new FoundViews(maxMatches);
          // The first two words are alike: only part of a hash says where it belongs.
          const hashOf = (owner: number) => Int32Array.of(7, 7, owner & 1, owner >> 1);
          const placed = held.map((view, i) => ({ ...view, offset: i >> 1, index: i & 1 }));
          for (const view of placed) buffer.add(hashOf(view.who), view.timeMs, view.offset, view.index);
          buffer.find(hashOf(who), timeMs, found);
          const expected = placed
            .filter((view) => view.who === who && view.timeMs < timeMs && timeMs <= view.timeMs + withinMs)
            .sort((a, b) => b.timeMs - a.timeMs || b.offset - a.offset || b.index - a.index);
          expect(found.toViews(NaN).map((view) => [view.timeMs, view.offset, view.index])).toEqual(
            expected.slice(0, maxMatches).map((view) => [view.timeMs, view.offset, view.index]),
          );
          expect(found.isTruncated).toBe(expected.length > maxMatches);
        },
      ),
      { numRuns: 1000 },
    );
  });

  describe.each(['as they happened', 'newest first', 'in no order'])('with 50,000 views of one user, %s', (order) => {
    const BOT_VIEWS = 50_000;
    const MAX_MATCHES = 100;
    const next = numbers(1);
    const buffer = new ViewBuffer(HALF_HOUR_MS);
    const bot = aHash(next);
    const times = Array.from({ length: BOT_VIEWS }, (_, i) => Math.floor((i * MINUTE_MS) / BOT_VIEWS));
    if (order === 'newest first') times.reverse();
    if (order === 'in no order') times.sort((a, b) => mixed(a) - mixed(b));
    times.forEach((timeMs, i) => buffer.add(bot, HALF_HOUR_MS + timeMs, i, 0));
    const other = aHash(next);
    buffer.add(other, HALF_HOUR_MS + 5, BOT_VIEWS, 0);
    const slices = HALF_HOUR_MS / MINUTE_MS + 1;

    const stepsOf = (hash: Int32Array, timeMs: number): number => {
      const found = new FoundViews(MAX_MATCHES);
      buffer.find(hash, timeMs, found);
      return found.steps;
    };

    it('looks at none of them for a purchase of somebody else', () => {
      expect(stepsOf(other, HALF_HOUR_MS + 30_000)).toBe(slices + 1);
    });

    it('looks at not many more than it tells for a purchase of theirs, early or late in the minute', () => {
      for (const timeMs of [1, 100, 30_000, 59_999, MINUTE_MS, HALF_HOUR_MS]) {
        expect(stepsOf(bot, HALF_HOUR_MS + timeMs)).toBeLessThan(slices + 3 * MAX_MATCHES);
      }
    });

    it('goes down a tree of logarithmic height to put another one in', () => {
      // Nothing is found before the first view: what is looked at is the way down.
      expect(stepsOf(bot, HALF_HOUR_MS)).toBeLessThan(slices + 60);
      expect(stepsOf(bot, HALF_HOUR_MS + 1)).toBeLessThan(slices + 60);
    });
  });

  it('looks at as many slices for views that are kept for weeks', () => {
    const buffer = new ViewBuffer(28 * 24 * 60 * MINUTE_MS);
    const found = new FoundViews(1);
    buffer.find(aHash(numbers(1)), 1e12, found);
    expect(found.steps).toBeLessThanOrEqual(62);
  });

  it('takes at most 60 bytes of memory a view, and 40 of a checkpoint', () => {
    // A partition with a hundred views a second, for half an hour and a bit: the more, the less a slice by itself counts.
    const PER_SECOND = 100;
    const next = numbers(1);
    const buffer = new ViewBuffer(HALF_HOUR_MS);
    const book = new DeltaBook();
    let written = 0;
    let views = 0;
    for (let halfSecond = 0; halfSecond < 2 * 60 * 35; halfSecond++) {
      const nowMs = 1.7e12 + 500 * halfSecond;
      for (let i = 0; i < PER_SECOND / 2; i++) {
        // Records of some 200 events of all kinds, up to ten seconds old.
        buffer.add(aHash(next), nowMs - ((next() >>> 0) % 10_000), 2e9 + halfSecond, (next() >>> 0) % 200);
        views++;
      }
      buffer.advance(nowMs - 10_000, book, nameOf);
      buffer.save(book, nameOf);
      const { deltas, rewrites } = book.take();
      expect(rewrites).toEqual([]);
      for (const { bytes } of deltas) written += bytes.length;
    }
    expect(buffer.count).toBeGreaterThan(PER_SECOND * 60 * 30);
    expect(buffer.bytes / buffer.count).toBeLessThan(60);
    expect(written / views).toBeLessThan(40);
  });

  it('gives memory back, and is empty once the time of all views has passed', () => {
    const book = new DeltaBook();
    const buffer = new ViewBuffer(HALF_HOUR_MS);
    const next = numbers(1);
    for (let i = 0; i < 1000; i++) buffer.add(aHash(next), 10 * i, i, 0);
    const before = buffer.bytes;
    buffer.advance(MINUTE_MS, book, nameOf);
    expect(buffer.bytes).toBeLessThan(before);
    buffer.save(book, nameOf);
    expect(book.take().deltas).toHaveLength(1);
    buffer.advance(HALF_HOUR_MS + MINUTE_MS - 1, book, nameOf);
    expect(buffer.count).toBe(1000);
    buffer.advance(HALF_HOUR_MS + MINUTE_MS, book, nameOf);
    expect([buffer.count, buffer.bytes, buffer.unsavedBytes()]).toEqual([0, 0, 0]);
    expect(book.take().drops).toEqual(['s/0']);
  });
});
