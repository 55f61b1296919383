import type { ByteStrings, PartBlock } from '@tillstream/core';
import fc from 'fast-check';
import { load } from 'protobufjs';
import type { Type } from 'protobufjs';
import { MAX_PART_BYTES } from '../bounds';
import { protoPath } from '../proto/proto-root';
import type { Frontier } from './part-records';
import { decodePartsRecord, encodeFrontier, encodePart, encodeParts } from './part-records';

function byteStrings(items: readonly Uint8Array[]): ByteStrings {
  const offsets = [0];
  for (const item of items) offsets.push((offsets.at(-1) ?? 0) + item.length);
  return { count: items.length, bytes: Buffer.concat(items), offsets: Uint32Array.from(offsets) };
}

const itemsOf = ({ count, bytes, offsets }: ByteStrings) =>
  Array.from({ length: count }, (_, i) => Buffer.from(bytes.subarray(offsets[i], offsets[i + 1])).toString('hex'));

/** The same part with byte strings as texts. */
const plain = ({ groups, accumulators, ...rest }: PartBlock) => ({
  ...rest,
  groups: itemsOf(groups),
  accumulators: itemsOf(accumulators),
});

const instant = fc.integer({ min: -8_640_000_000_000_000, max: 8_640_000_000_000_000 });
const parts: fc.Arbitrary<PartBlock> = fc
  .record({
    metric: fc.constantFrom('sales@01234567', 'visits@89abcdef'),
    startMs: instant,
    endMs: instant,
    frozen: fc.boolean(),
    revision: fc.maxSafeNat(),
    items: fc.array(fc.tuple(fc.uint8Array({ maxLength: 200 }), fc.uint8Array({ maxLength: 200 })), { maxLength: 20 }),
  })
  .map(({ items, ...rest }) => ({
    ...rest,
    groups: byteStrings(items.map(([group]) => group)),
    accumulators: byteStrings(items.map(([, accumulator]) => accumulator)),
  }));

const instantOrNothing = fc.oneof({ weight: 4, arbitrary: instant }, fc.constant(-Infinity), fc.constant(0));
const spans = fc
  .array(
    fc.tuple(
      fc.string({ minLength: 1 }),
      fc.record({ fromMs: instantOrNothing, untilMs: fc.oneof(instant, fc.constant(Infinity)) }),
    ),
    { minLength: 1, maxLength: 3 },
  )
  .map((entries) => new Map(entries));
const frontiers: fc.Arbitrary<Frontier> = fc.record(
  {
    watermarkInputMs: instantOrNothing,
    maxEventTimeMs: instantOrNothing,
    maxAppendMs: instantOrNothing,
    caughtUp: fc.boolean(),
    held: fc.boolean(),
    rawNext: fc.maxSafeNat(),
    definition: fc.stringMatching(/^[0-9a-f]{64}$/),
    spans,
  },
  { requiredKeys: ['watermarkInputMs', 'maxEventTimeMs', 'maxAppendMs', 'caughtUp', 'held', 'rawNext'] },
);

const readPart = (value: Uint8Array | null) => {
  const record = decodePartsRecord({ value });
  if (record.kind !== 'part') throw new Error(`a ${record.kind}`);
  return record;
};

describe('records of the parts topic', () => {
  let proto: Type;

  beforeAll(async () => {
    proto = (await load(protoPath('parts'))).lookupType('tillstream.parts.v1.PartsRecord');
  });

  const asProto = (value: Uint8Array | null, defaults = false) =>
    proto.toObject(proto.decode(value ?? new Uint8Array(0)), { longs: Number, bytes: Array, defaults });

  it('carry parts unchanged', () => {
    fc.assert(
      fc.property(fc.nat(1000), parts, (source, part) => {
        const read = readPart(encodePart(source, part).value);
        expect(read.source).toBe(source);
        expect(plain(read.part)).toEqual(plain(part));
      }),
    );
  });

  it('carry frontiers unchanged, nothing yet included', () => {
    fc.assert(
      fc.property(fc.nat(1000), frontiers, (source, frontier) => {
        expect(decodePartsRecord(encodeFrontier(source, frontier))).toEqual({ kind: 'frontier', source, frontier });
      }),
    );
  });

  it('are the Protobuf messages of parts.proto', () => {
    fc.assert(
      fc.property(parts, (part) => {
        const { groups, accumulators, metric, startMs, endMs, frozen, revision } = part;
        const lengths = ({ offsets, count }: ByteStrings) =>
          Array.from({ length: count }, (_, i) => (offsets[i + 1] ?? 0) - (offsets[i] ?? 0));
        const message = proto.create({
          source: 5,
          part: {
            metric,
            startMs,
            endMs,
            frozen,
            revision,
            groups: groups.bytes,
            groupLengths: lengths(groups),
            accumulators: accumulators.bytes,
            accumulatorLengths: lengths(accumulators),
          },
        });
        const foreign = proto.encode(message).finish();
        expect(plain(readPart(foreign).part)).toEqual(plain(part));
        expect(asProto(encodePart(5, part).value, true)).toEqual(asProto(foreign, true));
      }),
    );
  });

  it('leave out of a frontier what there is nothing of yet', () => {
    const nothing = {
      watermarkInputMs: -Infinity,
      maxEventTimeMs: -Infinity,
      maxAppendMs: -Infinity,
    };
    expect(asProto(encodeFrontier(1, { ...nothing, caughtUp: true, held: false, rawNext: 3 }).value)).toEqual({
      source: 1,
      frontier: { caughtUp: true, rawNext: 3 },
    });
    expect(
      asProto(encodeFrontier(0, { ...nothing, maxAppendMs: 0, caughtUp: false, held: true, rawNext: 0 }).value),
    ).toEqual({
      frontier: { maxAppendMs: 0, held: true },
    });
  });

  it('pass over fields that later versions add', () => {
    const part = fc.sample(parts, 1)[0] as PartBlock;
    const known = Buffer.from(encodePart(1, part).value ?? []);
    const later = Buffer.concat([
      Buffer.from([0xa0, 0x06, 0x96, 0x01, 0xad, 0x06, 1, 2, 3, 4]),
      known,
      Buffer.from([0xa2, 0x06, 1, 7]),
    ]);
    expect(plain(readPart(later).part)).toEqual(plain(part));
  });

  it('are unknown, and nothing worse, when they are cut short, broken or empty', () => {
    fc.assert(
      fc.property(parts, fc.nat(), fc.nat(), fc.nat(255), (part, cut, at, byte) => {
        const bytes = Buffer.from(encodePart(3, part).value ?? []);
        expect(['unknown', 'part']).toContain(decodePartsRecord({ value: bytes.subarray(0, cut % bytes.length) }).kind);
        bytes[at % bytes.length] = byte;
        expect(['unknown', 'part', 'frontier']).toContain(decodePartsRecord({ value: bytes }).kind);
      }),
    );
    expect(decodePartsRecord({ value: null })).toEqual({ kind: 'unknown' });
    expect(decodePartsRecord({ value: new Uint8Array(0) })).toEqual({ kind: 'unknown' });
  });

  it('say in their key what they are about', () => {
    const part = { ...(fc.sample(parts, 1)[0] as PartBlock), metric: 'sales@01234567', startMs: 0 };
    expect(Buffer.from(encodePart(2, part).key ?? []).toString()).toBe('2|sales@01234567|1970-01-01T00:00:00.000Z');
  });
});

describe('a part of very many groups', () => {
  it('becomes several records, none larger than the topic takes, with every group once and in order', () => {
    const items = Array.from({ length: 3000 }, (_, i) => Buffer.alloc(500, i % 251));
    const strings = byteStrings(items);
    const part: PartBlock = {
      metric: 'm@00000000',
      startMs: 0,
      endMs: 1,
      frozen: true,
      revision: 9,
      groups: strings,
      accumulators: strings,
    };
    const records = encodeParts(1, part);
    expect(records).toHaveLength(3);
    const pieces = records.map(({ value }) => readPart(value).part);
    for (const { value } of records) expect(value?.length).toBeLessThan(MAX_PART_BYTES + 64 * 1024);
    expect(pieces.flatMap(({ groups }) => itemsOf(groups))).toEqual(itemsOf(strings));
    expect(pieces.flatMap(({ accumulators }) => itemsOf(accumulators))).toEqual(itemsOf(strings));
    for (const piece of pieces) expect(piece).toMatchObject({ metric: 'm@00000000', frozen: true, revision: 9 });
  });

  it('stays one record where it fits, also when it is empty or one group is too large', () => {
    const empty = byteStrings([]);
    const base = { metric: 'm@00000000', startMs: 0, endMs: 1, frozen: false, revision: 1 };
    expect(encodeParts(0, { ...base, groups: empty, accumulators: empty })).toHaveLength(1);
    const huge = byteStrings([Buffer.alloc(2 * MAX_PART_BYTES)]);
    expect(encodeParts(0, { ...base, groups: huge, accumulators: huge })).toHaveLength(1);
  });
});
