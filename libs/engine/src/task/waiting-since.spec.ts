import { HEADER, headerInteger } from '@tillstream/contracts';
import { WaitingSince, withWaitingSince } from './waiting-since';

const record = { key: null, value: Buffer.from('v') };

describe('what metrics have to tell', () => {
  it('has waited since the oldest record that was noted, and is told once', () => {
    const waiting = new WaitingSince(2);
    waiting.note(1, 500);
    waiting.note(1, 300);
    waiting.note(1, 700);
    expect([waiting.take(0), waiting.take(1), waiting.take(1)]).toEqual([Infinity, 300, Infinity]);
  });
});

describe('records that were told together', () => {
  it('say on the first of them since when they were waited for, beside what it says already', () => {
    const traced = { ...record, headers: { traceparent: Buffer.from('t') }, timestampMs: 5 };
    const [first, second] = withWaitingSince([traced, record], 300);
    expect(headerInteger(first?.headers ?? {}, HEADER.waitingSince)).toBe(300);
    expect(first).toMatchObject({ value: record.value, timestampMs: 5, headers: { traceparent: Buffer.from('t') } });
    expect(second).toBe(record);
  });

  it('are the same where that is not known', () => {
    const records = [record, record];
    expect(withWaitingSince(records, Infinity)).toBe(records);
    expect(withWaitingSince(records, -Infinity)).toBe(records);
    expect(withWaitingSince([], 300)).toEqual([]);
  });
});
