import fc from 'fast-check';
import { HEADER, headerBytes } from '../headers';
import type { NewRecord, StoredRecord } from '../record';
import type { ControlDecision } from './control';
import { decodeControl, encodeControl } from './control';
import { decodeRawRecord } from './raw-record';
import { decodeRerouted, encodeReroute } from './reroute';

const stored = (record: NewRecord): StoredRecord => ({ offset: 7, timestampMs: 1000, headers: {}, ...record });
const text = (value: string) => Buffer.from(value);

describe('control records', () => {
  const decisions: readonly ControlDecision[] = [
    { kind: 'advance', toMs: 1_571_000_000_000 },
    { kind: 'hold' },
    { kind: 'release' },
    { kind: 'definition', sha256: 'a'.repeat(64) },
    { kind: 'catalog', offset: 12 },
  ];

  it.each(decisions)('carry $kind', (decision) => {
    const record = encodeControl(decision);
    expect(decodeRawRecord(stored(record)).control).toEqual({ ...decision, payload: record.value });
  });

  it('are JSON that any tool can read, the same bytes each time', () => {
    const advance = encodeControl({ toMs: 5, kind: 'advance' });
    expect(Buffer.from(advance.value ?? []).toString()).toBe('{"kind":"advance","toMs":5}');
    expect(Buffer.from(advance.headers?.['tillstream-control'] ?? []).toString()).toBe('advance');
  });

  it.each([
    ['not JSON', '{"kind":"advance"'],
    ['no object', '"advance"'],
    ['null', 'null'],
    ['without a kind', '{"toMs":5}'],
    ['of a kind this version does not know', '{"kind":"erase","user":"x"}'],
    ['an advance to nowhere', '{"kind":"advance"}'],
    ['an advance to a text', '{"kind":"advance","toMs":"5"}'],
    ['an advance to a fraction', '{"kind":"advance","toMs":5.5}'],
    ['an advance beyond exact integers', '{"kind":"advance","toMs":1e300}'],
    ['a definition without its hash', '{"kind":"definition","sha256":"abc"}'],
    ['a catalog before the beginning', '{"kind":"catalog","offset":-1}'],
  ])('are kept but obeyed by nobody when they are %s', (_, value) => {
    expect(decodeControl(text(value))).toEqual({ kind: 'other', payload: text(value) });
  });

  it('are kept when they are not even UTF-8, or have no value', () => {
    const broken = Uint8Array.of(0xff, 0x7b);
    const headers = { [HEADER.control]: headerBytes('advance') };
    expect(decodeControl(broken)).toEqual({ kind: 'other', payload: broken });
    expect(decodeRawRecord(stored({ key: null, value: null, headers })).control?.kind).toBe('other');
  });
});

describe('a raw record', () => {
  it('of a foreign producer is only its value and where it stands', () => {
    const value = text('{"event_id":"1"}');
    expect(decodeRawRecord({ offset: 3, timestampMs: 99, key: text('u'), value, headers: { a: text('b') } })).toEqual({
      offset: 3,
      appendMs: 99,
      value,
      batchId: null,
      control: null,
      rerouted: null,
    });
  });

  it('has a batch-id of 16 bytes or none', () => {
    const withId = (bytes: number) =>
      decodeRawRecord(stored({ key: null, value: null, headers: { [HEADER.batchId]: new Uint8Array(bytes) } })).batchId;
    expect(withId(16)).toEqual(new Uint8Array(16));
    expect(withId(15)).toBeNull();
    expect(withId(0)).toBeNull();
  });
});

describe('re-routed rows', () => {
  /** Ascending source offsets within a range, repeated where a record held several rows. */
  const reroutes = fc
    .tuple(
      fc.nat(5),
      fc.nat(5),
      fc.maxSafeNat().map((n) => Math.floor(n / 2)),
      fc.array(fc.nat(300), { maxLength: 50 }),
    )
    .map(([sourcePartition, targetPartition, sourceFrom, steps]) => {
      let offset = sourceFrom;
      const rowOffsets = steps.map((step) => (offset += step));
      return {
        sourcePartition,
        reroute: { targetPartition, sourceFrom, sourceNext: offset + 1, rowOffsets, value: text('[]') },
      };
    });

  it('say exactly where each came from', () => {
    fc.assert(
      fc.property(reroutes, ({ sourcePartition, reroute }) => {
        const { sourceFrom, sourceNext, rowOffsets } = reroute;
        const record = encodeReroute(reroute, sourcePartition);
        expect(record.value).toBe(reroute.value);
        expect(decodeRawRecord(stored(record)).rerouted).toEqual({
          sourcePartition,
          sourceFrom,
          sourceNext,
          rowOffsets,
        });
      }),
    );
  });

  it('have one batch-id for one range and target, and another for any other', () => {
    const base = { targetPartition: 1, sourceFrom: 10, sourceNext: 20, rowOffsets: [12], value: text('[]') };
    const idOf = (change: Partial<typeof base>, source = 0) =>
      Buffer.from(encodeReroute({ ...base, ...change }, source).headers?.[HEADER.batchId] ?? []).toString('hex');
    expect(idOf({})).toHaveLength(32);
    expect(idOf({})).toBe(idOf({ value: text('[1]') }));
    const others = [idOf({ targetPartition: 2 }), idOf({ sourceFrom: 11 }), idOf({ sourceNext: 21 }), idOf({}, 1)];
    expect(new Set([idOf({}), ...others]).size).toBe(5);
  });

  it.each(['', '1|2', '1|2|3|x', '1|2|3|0 -1', '-1|2|3|0', '1|2|3|5', '1|2|3|0|0', '1|02|3|0', '1|2|1e3|0'])(
    'with a header like %j count as rows that were written here',
    (header) => {
      expect(decodeRerouted({ [HEADER.rerouted]: text(header) })).toBeNull();
    },
  );

  it('take two bytes of header each where they lie close together', () => {
    const rowOffsets = Array.from({ length: 8192 }, (_, i) => 1_000_000_000 + Math.floor(i / 2));
    const reroute = {
      targetPartition: 1,
      sourceFrom: 1_000_000_000,
      sourceNext: 1_000_004_096,
      rowOffsets,
      value: text('[]'),
    };
    expect(encodeReroute(reroute, 0).headers?.[HEADER.rerouted]?.length).toBeLessThan(8192 * 2 + 40);
  });
});
