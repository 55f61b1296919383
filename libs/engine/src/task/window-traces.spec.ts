import * as fc from 'fast-check';
import type { RecordHeaders } from '../ports/log';
import { WindowTraces } from './window-traces';

const named = (n: number): RecordHeaders => ({ traceparent: Uint8Array.of(n >>> 16, n >>> 8, n) });
const numberOf = ({ traceparent }: RecordHeaders): number =>
  (traceparent![0]! << 16) | (traceparent![1]! << 8) | traceparent![2]!;

/** One batch a second, with rows of that second. */
function fedBy(seconds: number): WindowTraces {
  const traces = new WindowTraces();
  for (let s = 0; s < seconds; s += 1) traces.note(named(s), s * 1_000, s * 1_000 + 999);
  return traces;
}

describe('what fed a window', () => {
  it('are the batches with rows in it, the newest first', () => {
    const traces = fedBy(20);
    expect(traces.of(3_000, 6_000).map(numberOf)).toEqual([5, 4, 3]);
    expect(traces.of(3_500, 3_600).map(numberOf)).toEqual([3]);
  });

  it('is nothing where no batch was traced', () => {
    expect(fedBy(5).of(5_000, 60_000)).toEqual([]);
    expect(new WindowTraces().of(-Infinity, Infinity)).toEqual([]);
  });

  it('are no more than sixteen of many, from all over the window', () => {
    const told = fedBy(100).of(0, 100_000).map(numberOf);
    expect(told).toHaveLength(16);
    expect(told[0]).toBe(99);
    expect(told.at(-1)).toBeLessThan(12);
  });

  it('still reaches back to the begin of a day', () => {
    const traces = fedBy(86_400);
    expect(traces.size).toBe(256);
    const told = traces.of(0, 86_400_000).map(numberOf);
    expect(told[0]).toBe(86_399);
    expect(told.at(-1)).toBeLessThan(80_000);
  });

  it('never takes more than so much memory, whatever comes', () =>
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(5_000), fc.nat(100)), { maxLength: 1_000, size: 'max' }), (batches) => {
        const traces = new WindowTraces();
        batches.forEach(([fromMs, ms], index) => traces.note(named(index), fromMs, fromMs + ms));
        expect(traces.size).toBeLessThanOrEqual(256);
        expect(traces.of(-Infinity, Infinity).length).toBeLessThanOrEqual(16);
        if (batches.length > 0) {
          expect(traces.of(-Infinity, Infinity).map(numberOf)[0]).toBe(batches.length - 1);
        }
      }),
    ));
});
