import { gzipSync, zstdCompressSync } from 'node:zlib';
import { crc32c } from '@node-rs/crc32';
import { PackedRecord } from '@tillstream/contracts';
import type { NewRecord } from '@tillstream/engine';
import { appendBytes } from '@tillstream/engine';
import * as fc from 'fast-check';
import Decoder from 'kafkajs/src/protocol/decoder';
import decodeByKafkajs from 'kafkajs/src/protocol/recordBatch/v0/decoder';
import { CorruptBatchError } from '../errors';
import { type Compression, numberOf } from './compression';
import { type AbortedTransaction, decodeBatches, offsetBehind } from './decode-batches';
import { encodeBatch } from './encode-batch';
import { APPEND_TIME_FLAG, BATCH, CONTROL_FLAG, TRANSACTIONAL_FLAG } from './record-batch';

const NOW_MS = 1_700_000_000_000;
/** CRC-32C of the golden batch, as kafkajs computes it too. */
const GOLDEN_CRC = '802533e1';
const COMPRESSIONS: readonly Compression[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];

const bytes = fc.uint8Array({ maxLength: 300 });
const records: fc.Arbitrary<NewRecord> = fc.record(
  {
    key: fc.option(bytes),
    value: fc.option(bytes),
    headers: fc.dictionary(fc.stringMatching(/^[a-zé-]{1,12}$/), bytes, { maxKeys: 3 }),
    timestampMs: fc.integer({ min: NOW_MS - 1e11, max: NOW_MS + 1e11 }),
  },
  { requiredKeys: ['key', 'value'] },
);
const batches = fc.array(records, { minLength: 1, maxLength: 20 });

const plain = (of: Uint8Array | null): number[] | null => (of === null ? null : [...of]);

function content({ key, value, headers, timestampMs }: NewRecord): unknown {
  const pairs = Object.entries(headers ?? {}).map(([name, header]) => [name, plain(header)]);
  return { key: plain(key), value: plain(value), headers: pairs, timestampMs: timestampMs ?? NOW_MS };
}

/** kafkajs takes a header called `constructor` for one that it has read before. */
function isWithinKafkajs(written: readonly NewRecord[]): boolean {
  return written.every(({ headers }) => Object.keys(headers ?? {}).every((name) => !(name in Object.prototype)));
}

/** A batch as a broker stores it, at its place in the log. */
function stored(baseOffset: number, values: readonly string[], flags = 0, producerId = -1n): Buffer {
  const batch = encodeBatch(
    values.map((value) => ({ key: null, value: Buffer.from(value) })),
    'none',
    NOW_MS,
  );
  return restamped(batch, baseOffset, flags, producerId);
}

/** The marker that ends a transaction. */
function marker(offset: number, producerId: bigint, kind: 'abort' | 'commit'): Buffer {
  const key = Buffer.from([0, 0, 0, kind === 'abort' ? 0 : 1]);
  const batch = encodeBatch([{ key, value: Buffer.alloc(6) }], 'none', NOW_MS);
  return restamped(batch, offset, TRANSACTIONAL_FLAG | CONTROL_FLAG, producerId);
}

function restamped(batch: Buffer, baseOffset: number, flags: number, producerId: bigint): Buffer {
  batch.writeBigInt64BE(BigInt(baseOffset), BATCH.baseOffset);
  batch.writeInt16BE(batch.readInt16BE(BATCH.attributes) | flags, BATCH.attributes);
  batch.writeBigInt64BE(producerId, BATCH.producerId);
  batch.writeUInt32BE(crc32c(batch.subarray(BATCH.attributes)), BATCH.crc);
  return batch;
}

function valuesOf(batches: readonly Buffer[], from = 0, aborted: readonly AbortedTransaction[] = []): string[] {
  return decodeBatches({ bytes: Buffer.concat(batches), aborted }, from).map(({ value }) =>
    Buffer.from(value ?? []).toString(),
  );
}

describe('a record batch', () => {
  it.each(COMPRESSIONS)('comes back as it was encoded, compressed with %s', (compression) =>
    fc.assert(
      fc.property(batches, (written) => {
        const read = decodeBatches({ bytes: encodeBatch(written, compression, NOW_MS), aborted: [] }, 0);
        expect(read.map(content)).toEqual(written.map(content));
        expect(read.map(({ offset }) => offset)).toEqual(written.map((_, i) => i));
      }),
    ),
  );

  it('has the same bytes whether keys and values lie in buffers of their own or in one for all', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(bytes, bytes), { minLength: 1, maxLength: 200 }), (pairs) => {
        const source = Buffer.concat(pairs.flat());
        let at = 0;
        const packed = pairs.map(([key, value]) => {
          const keyFrom = at;
          at += key.length + value.length;
          return new PackedRecord(source, keyFrom, keyFrom + key.length, at);
        });
        const apart = pairs.map(([key, value]): NewRecord => ({ key, value }));
        expect(encodeBatch(packed, 'none', NOW_MS).equals(encodeBatch(apart, 'none', NOW_MS))).toBe(true);
        expect(packed.map(appendBytes)).toEqual(apart.map(appendBytes));
        expect(packed.map(content)).toEqual(apart.map(content));
      }),
    );
  });

  it('reads the same to kafkajs', () =>
    fc.assert(
      fc.asyncProperty(batches.filter(isWithinKafkajs), async (written) => {
        const { records: read } = await decodeByKafkajs(new Decoder(encodeBatch(written, 'none', NOW_MS)));
        const theirs = read.map(({ key, value, headers, timestamp }) => ({
          key,
          value,
          headers,
          timestampMs: Number(timestamp),
        }));
        expect(theirs.map(content)).toEqual(written.map(content));
      }),
    ));

  it('keeps its golden bytes', () => {
    const written: NewRecord[] = [
      { key: Buffer.from('k'), value: Buffer.from('v'), headers: { h: Buffer.from('1') }, timestampMs: NOW_MS },
      { key: null, value: null, timestampMs: NOW_MS + 1 },
    ];
    expect(encodeBatch(written, 'none', NOW_MS).toString('hex')).toBe(
      '0000000000000000' +
        '00000045' +
        'ffffffff' +
        '02' +
        GOLDEN_CRC +
        '0000' +
        '00000001' +
        '0000018bcfe56800' +
        '0000018bcfe56801' +
        'ffffffffffffffff' +
        'ffff' +
        'ffffffff' +
        '00000002' +
        '18' +
        '00' +
        '00' +
        '00' +
        '026b' +
        '0276' +
        '02' +
        '0268' +
        '0231' +
        '0c' +
        '00' +
        '02' +
        '02' +
        '01' +
        '01' +
        '00',
    );
  });

  it('is never larger than estimated, but for its own header', () =>
    fc.assert(
      fc.property(batches, (written) => {
        const estimated = written.reduce((sum, record) => sum + appendBytes(record), 0);
        expect(encodeBatch(written, 'none', NOW_MS).length - BATCH.records).toBeLessThanOrEqual(estimated);
      }),
    ));

  it('gives every record the time at which the log took it, where the topic says so', () => {
    const [record] = decodeBatches({ bytes: stored(0, ['a'], APPEND_TIME_FLAG), aborted: [] }, 0);
    expect(record?.timestampMs).toBe(NOW_MS);
  });

  it('is refused when a bit has changed', () => {
    const batch = stored(7, ['abc']);
    batch[batch.length - 2] = 0;
    expect(() => decodeBatches({ bytes: batch, aborted: [] }, 0)).toThrow(CorruptBatchError);
  });

  it('is refused when its length leaves no room for a batch', () => {
    const batch = stored(7, ['abc']);
    batch.writeInt32BE(20, BATCH.length);
    expect(() => offsetBehind(batch)).toThrow(CorruptBatchError);
    expect(() => valuesOf([batch])).toThrow(CorruptBatchError);
  });

  it('is refused when its headers end behind it, by whoever asks for them', () => {
    const batch = encodeBatch([{ key: null, value: null, headers: { name: Buffer.from('1') } }], 'none', NOW_MS);
    batch[batch.length - 'name'.length - 3] = 2 * 100;
    const [record] = decodeBatches({ bytes: restamped(batch, 7, 0, -1n), aborted: [] }, 0);
    expect(() => record?.headers).toThrow(CorruptBatchError);
  });

  it('is refused when it would become much more than producers write', () => {
    const zeros = Buffer.alloc(200 * 1024 * 1024);
    const claimed = Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0]); // snappy: 4 GiB
    const bombs: [number, Buffer][] = [
      [numberOf('gzip'), gzipSync(zeros)],
      [numberOf('zstd'), zstdCompressSync(zeros)],
      [numberOf('snappy'), claimed],
    ];
    for (const [codec, bomb] of bombs) {
      const batch = Buffer.concat([stored(7, ['x']).subarray(0, BATCH.records), bomb]);
      batch.writeInt32BE(batch.length - 12, BATCH.length);
      expect(() => valuesOf([restamped(batch, 7, codec, -1n)])).toThrow(CorruptBatchError);
    }
  });

  it('keeps a header of the name __proto__ like any other', () => {
    const headers = Object.fromEntries([['__proto__', Buffer.from('1')]]);
    const [record] = decodeBatches(
      { bytes: encodeBatch([{ key: null, value: null, headers }], 'none', NOW_MS), aborted: [] },
      0,
    );
    expect(Object.entries(record?.headers ?? {})).toEqual(Object.entries(headers));
    expect(Object.getPrototypeOf(record?.headers)).toBe(Object.prototype);
  });

  it('is refused in a format of before Kafka 0.11', () => {
    const batch = stored(7, ['abc']);
    batch[BATCH.magic] = 1;
    expect(() => offsetBehind(batch)).toThrow(CorruptBatchError);
  });
});

describe('fetched batches', () => {
  it('may begin before what was asked for and end in the middle of a batch', () => {
    const bytes = Buffer.concat([stored(0, ['a', 'b', 'c']), stored(3, ['d']), stored(4, ['e'])]);
    const cut = bytes.subarray(0, bytes.length - 3);
    expect(valuesOf([cut], 2)).toEqual(['c', 'd']);
    expect(offsetBehind(cut)).toBe(4);
  });

  it('take the reader past batches that compaction has emptied', () => {
    const empty = stored(3, ['x', 'y']).subarray(0, BATCH.records);
    empty.writeInt32BE(empty.length - 12, BATCH.length);
    empty.writeInt32BE(0, BATCH.recordCount);
    expect(valuesOf([stored(0, ['a']), restamped(Buffer.from(empty), 3, 0, -1n)])).toEqual(['a']);
    expect(offsetBehind(empty)).toBe(5);
  });

  it('are nothing when not one batch is whole', () => {
    expect(offsetBehind(stored(0, ['a']).subarray(0, 66))).toBeNull();
    expect(offsetBehind(Buffer.alloc(0))).toBeNull();
  });

  it('hide markers, and show what was committed', () => {
    const log = [stored(0, ['a'], TRANSACTIONAL_FLAG, 7n), marker(1, 7n, 'commit'), stored(2, ['b'])];
    expect(valuesOf(log)).toEqual(['a', 'b']);
    expect(offsetBehind(marker(1, 7n, 'commit'))).toBe(2);
  });

  it('hide aborted transactions of two producers that overlap, also when the fetch begins inside both', () => {
    const log = [
      stored(6, ['B: aborted'], TRANSACTIONAL_FLAG, 11n),
      stored(7, ['A: aborted'], TRANSACTIONAL_FLAG, 10n),
      stored(8, ['plain']),
      marker(9, 10n, 'abort'),
      stored(10, ['A: committed'], TRANSACTIONAL_FLAG, 10n),
      stored(11, ['B: aborted'], TRANSACTIONAL_FLAG, 11n),
      marker(12, 11n, 'abort'),
      stored(13, ['B: committed'], TRANSACTIONAL_FLAG, 11n),
    ];
    const aborted = [
      { producerId: 10n, firstOffset: 5 },
      { producerId: 11n, firstOffset: 6 },
    ];
    expect(valuesOf(log, 6, aborted)).toEqual(['plain', 'A: committed', 'B: committed']);
  });

  it('do not take a key of four zero bytes for an abort marker', () => {
    const batch = encodeBatch([{ key: Buffer.alloc(4), value: Buffer.from('x') }], 'none', NOW_MS);
    const log = [
      stored(0, ['aborted'], TRANSACTIONAL_FLAG, 7n),
      restamped(batch, 1, TRANSACTIONAL_FLAG, 7n),
      stored(2, ['aborted'], TRANSACTIONAL_FLAG, 7n),
      marker(3, 7n, 'abort'),
    ];
    expect(valuesOf(log, 0, [{ producerId: 7n, firstOffset: 0 }])).toEqual([]);
  });
});
