import { crc32c } from '@node-rs/crc32';
import { CorruptBatchError } from '@tillstream/adapter-kafka';
import type { LogRecord, NewRecord } from '@tillstream/engine';

import type { Compression } from '../../../libs/adapters/kafka/src/protocol/compression';
import type { AbortedTransaction } from '../../../libs/adapters/kafka/src/protocol/decode-batches';
import { decodeBatches, offsetBehind } from '../../../libs/adapters/kafka/src/protocol/decode-batches';
import { encodeBatch } from '../../../libs/adapters/kafka/src/protocol/encode-batch';
import { fetchExchange } from '../../../libs/adapters/kafka/src/protocol/fetch';
import { produceExchange } from '../../../libs/adapters/kafka/src/protocol/produce';
import {
  BATCH,
  BATCH_PREFIX_BYTES,
  CONTROL_FLAG,
  TRANSACTIONAL_FLAG,
} from '../../../libs/adapters/kafka/src/protocol/record-batch';
import { expectSame, type FuzzTarget, promise, unlessRefused } from '../fuzz-target';

const NOW_MS = 1_772_355_600_000;
const FETCH = 0x66;
const PRODUCE = 0x70;
const COMPRESSIONS: readonly Compression[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];
const ABORTED = [{ producerId: 7n, firstOffset: 0 }];

const fetch = fetchExchange([], { maxWaitMs: 1, maxBytes: 1, maxPartitionBytes: 1 });
const produce = produceExchange('t', 0, Buffer.alloc(0), 1);
const isRefusal = (error: unknown): boolean => error instanceof CorruptBatchError;
const isTooShort = (error: unknown): boolean => error instanceof RangeError;

/** The first byte says what the rest is: the answer to a fetch, to a produce, or batches. */
function run(input: Uint8Array): void {
  const payload = Buffer.from(input.subarray(1));
  if (input[0] === FETCH) {
    const answer = unlessRefused(isTooShort, () => fetch.decode(payload));
    for (const { bytes, aborted } of answer?.partitions ?? []) read(bytes, aborted);
  } else if (input[0] === PRODUCE) {
    unlessRefused(isTooShort, () => produce.decode(payload));
  } else {
    read(withChecksums(payload), ABORTED, COMPRESSIONS[(input[0] ?? 0) % COMPRESSIONS.length]);
  }
}

function read(bytes: Buffer, aborted: readonly AbortedTransaction[], compression: Compression = 'none'): void {
  const records = unlessRefused(isRefusal, () => decodeBatches({ bytes, aborted }, 0).map(whole));
  const behind = unlessRefused(isRefusal, () => offsetBehind(bytes));
  if (records === undefined || behind === undefined) return;
  promise(records.length === 0 || behind !== null, 'records that no batch holds');
  const writable = records.filter(({ timestampMs }) => Number.isSafeInteger(2 * timestampMs));
  if (writable.length === 0) return;
  const again = decodeBatches({ bytes: encodeBatch(writable, compression, NOW_MS), aborted: [] }, 0).map(whole);
  expectSame(`written again with ${compression}`, again.map(contentOf), writable.map(contentOf));
}

/** Headers are read when they are asked for. */
function whole({ offset, timestampMs, key, value, headers }: LogRecord): LogRecord {
  return { offset, timestampMs, key, value, headers };
}

function contentOf({ timestampMs, key, value, headers }: LogRecord): unknown {
  return { timestampMs, key, value, headers: Object.entries(headers) };
}

/** Right checksums, as the network below has seen to: what is behind them would not be reached otherwise. */
function withChecksums(bytes: Buffer): Buffer {
  for (let at = 0; at + BATCH.records <= bytes.length;) {
    const end = at + BATCH_PREFIX_BYTES + bytes.readInt32BE(at + BATCH.length);
    if (end > bytes.length || end < at + BATCH.records) break;
    bytes.writeUInt32BE(crc32c(bytes.subarray(at + BATCH.attributes, end)), at + BATCH.crc);
    at = end;
  }
  return bytes;
}

function seeds(): Uint8Array[] {
  const records: NewRecord[] = [
    {
      key: Buffer.from('k'),
      value: Buffer.from('{"a":1}'),
      headers: { h: Buffer.from('1'), é: Buffer.alloc(0) },
      timestampMs: NOW_MS - 5,
    },
    { key: null, value: null },
    { key: null, value: Buffer.alloc(200, 0x61), timestampMs: NOW_MS + 70_000 },
  ];
  const batches = COMPRESSIONS.map((compression) => encodeBatch(records, compression, NOW_MS));
  const aborted = flagged(encodeBatch(records, 'none', NOW_MS), TRANSACTIONAL_FLAG);
  const marker = flagged(
    encodeBatch([{ key: Buffer.alloc(4), value: Buffer.alloc(6) }], 'none', NOW_MS),
    TRANSACTIONAL_FLAG | CONTROL_FLAG,
  );
  const withKind = (kind: number, ...parts: Uint8Array[]): Uint8Array => Buffer.concat([Buffer.of(kind), ...parts]);
  return [
    ...batches.map((batch) => withKind(0, batch)),
    withKind(0, aborted, marker, ...batches.slice(0, 1)),
    withKind(FETCH, fetchAnswer(batches[0] ?? Buffer.alloc(0))),
    withKind(
      PRODUCE,
      Buffer.from('0000000100017400000001000000020000000000000000000900000000000000080000000000000000000000ff', 'hex'),
    ),
  ];
}

function flagged(batch: Buffer, flags: number): Buffer {
  batch.writeInt16BE(flags, BATCH.attributes);
  batch.writeBigInt64BE(7n, BATCH.producerId);
  return batch;
}

function fetchAnswer(batch: Buffer): Buffer {
  const head = Buffer.from('00000000' + '0000' + '00000000' + '00000001' + '000174' + '00000001', 'hex');
  const partition = Buffer.from(
    '00000002' + '0000' + '0000000000000009'.repeat(3) + '00000001' + '0000000000000007'.repeat(2) + 'ffffffff',
    'hex',
  );
  const length = Buffer.alloc(4);
  length.writeInt32BE(batch.length);
  return Buffer.concat([head, partition, length, batch]);
}

export const target: FuzzTarget = {
  name: 'kafka-answers',
  about:
    "a broker's answers and the record batches in them: refused by CorruptBatchError, or records that survive being written",
  maxBytes: 2_048,
  maxAllocatedBytes: 8 * 1024 * 1024,
  dictionary: ['__proto__', '\x82SNAPPY\x00', '\x00\x00\x00\x00\xff\xff\xff\xff', '\x7f\xff\xff\xff'],
  seeds,
  run,
};
