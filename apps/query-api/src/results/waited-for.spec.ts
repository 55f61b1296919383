import { HEADER, headerBytes } from '@tillstream/contracts';
import { waitedFor } from './waited-for';

const aRecord = (key: string, sinceMs?: number) => ({
  ...{ offset: 0, timestampMs: 0, value: null, key: Buffer.from(key) },
  headers: sinceMs === undefined ? {} : { [HEADER.waitingSince]: headerBytes(sinceMs) },
});

describe('what records of a metrics topic say of how long they were waited for', () => {
  it('is said of results, on the first that were told together', () => {
    const records = [aRecord('p|a', 7), aRecord('p|b'), aRecord('f|a', 9), aRecord('c|a', 11), aRecord('w|a')];
    expect([...waitedFor(records)]).toEqual([
      { kind: 'provisional', sinceMs: 7 },
      { kind: 'final', sinceMs: 9 },
    ]);
  });
});
