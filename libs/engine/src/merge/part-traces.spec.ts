import type { RecordHeaders } from '../ports/log';
import { PartTraces } from './part-traces';

const named = (n: number): RecordHeaders => ({ traceparent: Uint8Array.of(n) });

describe('traces of the parts of a window', () => {
  it('are told once, the newest first', () => {
    const traces = new PartTraces();
    traces.note('m', 0, named(1));
    traces.note('m', 60, named(2));
    traces.note('other', 0, named(3));
    traces.note('m', 0, named(4));
    expect(traces.take('m', 0)).toEqual([named(4), named(1)]);
    expect(traces.take('m', 0)).toEqual([]);
  });

  it('are the first and the newest of many', () => {
    const traces = new PartTraces();
    for (let n = 0; n < 40; n += 1) traces.note('m', 0, named(n));
    const told = traces.take('m', 0);
    expect(told).toHaveLength(16);
    expect([told[0], told.at(-1)]).toEqual([named(39), named(0)]);
  });

  it('are forgotten of windows that nobody has closed for long', () => {
    const traces = new PartTraces();
    for (let window = 0; window < 1_025; window += 1) {
      traces.note('m', window, named(1));
      traces.note('kept', 0, named(window & 0xff));
    }
    expect(traces.take('m', 0)).toEqual([]);
    expect(traces.take('m', 1_024)).toEqual([named(1)]);
    expect(traces.take('kept', 0)).toHaveLength(16);
  });
});
