import { PackedRecord } from '@tillstream/contracts';
import { withHeaders } from './with-headers';

const aRecord = (key: number) => ({ key: Uint8Array.of(key), value: null, headers: { own: Uint8Array.of(key) } });
const TRACE = { traceparent: Uint8Array.of(1) };

describe('headers of a trace', () => {
  it('stand on the first of the records, beside its own, and leave the others as they are', () => {
    const [first, second] = [aRecord(1), aRecord(2)];
    const traced = withHeaders([first, second], TRACE);
    expect(traced[0]).toEqual({ ...first, headers: { ...first.headers, ...TRACE } });
    expect(traced[1]).toBe(second);
  });

  it('keep key and value of a record that has both in a buffer with others', () => {
    const [traced] = withHeaders([new PackedRecord(Buffer.from('-key-value'), 1, 4, 10)], TRACE);
    expect(traced).toEqual({ key: Buffer.from('key'), value: Buffer.from('-value'), headers: TRACE });
  });

  it('change nothing where nothing is traced, or nothing is told', () => {
    const records = [aRecord(1)];
    expect(withHeaders(records, {})).toBe(records);
    expect(withHeaders([], TRACE)).toEqual([]);
  });
});
