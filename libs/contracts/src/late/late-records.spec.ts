import type { LateRow } from '@tillstream/core';
import { smallDefinition } from '../testing';
import { decodeLateRows, encodeLateRows, lateFor } from './late-records';

const [metric] = smallDefinition().metrics;
const START = Date.parse('2019-10-01T00:00:00.000Z');

function lateRow(rawOffset: number, json: string): LateRow {
  if (metric === undefined) throw new Error('no metric');
  return { metric, rawOffset, index: 2, missedStartsMs: [START, START + 5000], latenessMs: 1234, json };
}

const linesOf = (rows: readonly LateRow[]) =>
  encodeLateRows(rows, 3).flatMap(({ value }) =>
    Buffer.from(value ?? [])
      .toString()
      .trimEnd()
      .split('\n'),
  );

describe('late rows', () => {
  it('say what they missed and by how much, under an id that never changes', () => {
    expect(linesOf([lateRow(17, '{"id":"a","amount":"1.20"}')]).map((line) => JSON.parse(line) as unknown)).toEqual([
      {
        id: `3|17|2|${metric?.identity}`,
        metric: 'sales',
        definition: metric?.identity.slice(-8),
        missed: ['2019-10-01T00:00:00.000Z', '2019-10-01T00:00:05.000Z'],
        lateness_ms: 1234,
        row: { id: 'a', amount: '1.20' },
      },
    ]);
  });

  it('are the same lines however they are gathered', () => {
    const rows = Array.from({ length: 20 }, (_, i) => lateRow(i, `{"id":"${i}é"}`));
    const oneByOne = rows.flatMap((row) => linesOf([row]));
    expect(linesOf(rows)).toEqual(oneByOne);
    expect(new Set(oneByOne).size).toBe(20);
  });

  it('are gathered up to half a MiB, in order; a larger row stands alone', () => {
    const large = lateRow(1000, `{"id":"${'x'.repeat(520 * 1024)}"}`);
    const rows = [
      ...Array.from({ length: 800 }, (_, i) => lateRow(i, `{"id":"${'y'.repeat(1000)}"}`)),
      large,
      lateRow(1001, '{}'),
    ];
    const sizes = encodeLateRows(rows, 0).map(({ value }) => value?.length ?? 0);
    expect(sizes).toHaveLength(4);
    expect(sizes.map((size) => size > 512 * 1024)).toEqual([false, false, true, false]);
    const offsets = linesOf(rows).map((line) => Number((JSON.parse(line) as { id: string }).id.split('|')[1]));
    expect(offsets).toEqual([...offsets].sort((a, b) => a - b));
    expect(offsets).toHaveLength(802);
  });

  it('make no record where there are none', () => {
    expect(encodeLateRows([], 0)).toEqual([]);
  });

  it('are read as they were written, with their texts as they stand', () => {
    const json = '{"id":"a\\",\\"row\\":","amount":1.20}';
    const read = encodeLateRows([lateRow(17, json), lateRow(18, '{}')], 3).flatMap(decodeLateRows);
    expect(read).toEqual([
      {
        ...{ id: `3|17|2|${metric?.identity}`, partition: 3, offset: 17, index: 2, metric: 'sales' },
        ...{ identity: metric?.identity, missedMs: [START, START + 5000], latenessMs: 1234, json },
      },
      expect.objectContaining({ offset: 18, json: '{}' }),
    ]);
  });

  it('of sessions and attribution are told as those of metrics are', () => {
    const row = { rawOffset: 17, index: 2, latenessMs: 1234, json: '{"id":"a"}' };
    const visits = [
      { ...row, missedStartMs: START },
      { ...row, index: 3, missedStartMs: null },
    ];
    const late = [
      ...lateFor({ identity: 'sessions@0123abcd' }, visits),
      ...lateFor({ identity: 'attribution@4567cdef' }, [row]),
    ];
    const place = { partition: 3, offset: 17, latenessMs: 1234, json: '{"id":"a"}' };
    const ofSessions = { ...place, metric: 'sessions', identity: 'sessions@0123abcd' };
    expect(encodeLateRows(late, 3).flatMap(decodeLateRows)).toEqual([
      { ...ofSessions, id: '3|17|2|sessions@0123abcd', index: 2, missedMs: [START] },
      { ...ofSessions, id: '3|17|3|sessions@0123abcd', index: 3, missedMs: [] },
      {
        ...{ ...place, metric: 'attribution', identity: 'attribution@4567cdef' },
        ...{ id: '3|17|2|attribution@4567cdef', index: 2, missedMs: [] },
      },
    ]);
  });

  it.each([
    '',
    'x',
    '{}',
    '{"id":"1|2|3|m","row":{}}',
    '{"id":"1|2|x|m","metric":"m","missed":[],"lateness_ms":1,"row":{}}',
  ])('are not read from %j', (line) => {
    expect(decodeLateRows({ value: Buffer.from(`${line}\n`) })).toEqual([]);
  });
});
