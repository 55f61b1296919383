import { crc32c } from '@node-rs/crc32';
import { PackedRecord } from '@tillstream/contracts';
import type { NewRecord } from '@tillstream/engine';
import { type Compression, compress, numberOf } from './compression';
import { BATCH, BATCH_PREFIX_BYTES, MAGIC } from './record-batch';
import { sizeOfVarint, writeVarint } from './varint';

/**
 * One record batch without producer id or sequence: whoever repeats it appends it again.
 * @param nowMs time of records that have none
 * @param room memory for the batch as it is before it is compressed
 */
export function encodeBatch(
  records: readonly NewRecord[],
  compression: Compression,
  nowMs: number,
  room: (bytes: number) => Buffer = (bytes) => Buffer.allocUnsafe(bytes),
): Buffer {
  const baseTimestamp = records[0]?.timestampMs ?? nowMs;
  let maxTimestamp = baseTimestamp;
  for (const { timestampMs = nowMs } of records) if (timestampMs > maxTimestamp) maxTimestamp = timestampMs;
  const plain = encodeRecords(records, baseTimestamp, nowMs, room);
  const batch = compression === 'none' ? plain : withRecords(compress(compression, plain.subarray(BATCH.records)));
  batch.writeBigInt64BE(0n, BATCH.baseOffset);
  batch.writeInt32BE(batch.length - BATCH_PREFIX_BYTES, BATCH.length);
  batch.writeInt32BE(-1, BATCH_PREFIX_BYTES);
  batch.writeInt8(MAGIC, BATCH.magic);
  batch.writeInt16BE(numberOf(compression), BATCH.attributes);
  batch.writeInt32BE(records.length - 1, BATCH.lastOffsetDelta);
  batch.writeBigInt64BE(BigInt(baseTimestamp), BATCH.baseTimestamp);
  batch.writeBigInt64BE(BigInt(maxTimestamp), BATCH.maxTimestamp);
  batch.writeBigInt64BE(-1n, BATCH.producerId);
  batch.writeInt16BE(-1, BATCH.producerEpoch);
  batch.writeInt32BE(-1, BATCH.baseSequence);
  batch.writeInt32BE(records.length, BATCH.recordCount);
  batch.writeUInt32BE(crc32c(batch.subarray(BATCH.attributes)), BATCH.crc);
  return batch;
}

function withRecords(body: Buffer): Buffer {
  const batch = Buffer.allocUnsafe(BATCH.records + body.length);
  body.copy(batch, BATCH.records);
  return batch;
}

/** The records behind the room that their batch's own fields take. */
function encodeRecords(
  records: readonly NewRecord[],
  baseTimestamp: number,
  nowMs: number,
  room: (bytes: number) => Buffer,
): Buffer {
  const count = records.length;
  const sizes = new Float64Array(count);
  let total = 0;
  for (let delta = 0; delta < count; delta++) {
    const record = records[delta] as NewRecord;
    const timestampDelta = (record.timestampMs ?? nowMs) - baseTimestamp;
    const size =
      record instanceof PackedRecord
        ? sizeOfPacked(record, delta, timestampDelta)
        : sizeOfRecord(record, delta, timestampDelta);
    sizes[delta] = size;
    total += sizeOfVarint(size) + size;
  }
  const buffer = room(BATCH.records + total);
  let at: number = BATCH.records;
  for (let delta = 0; delta < count; delta++) {
    const record = records[delta] as NewRecord;
    const timestampDelta = (record.timestampMs ?? nowMs) - baseTimestamp;
    at = writeVarint(buffer, at, sizes[delta] as number);
    at =
      record instanceof PackedRecord
        ? writePacked(buffer, at, record, delta, timestampDelta)
        : writeRecord(buffer, at, record, delta, timestampDelta);
  }
  return buffer;
}

function sizeOfPacked({ keyFrom, valueFrom, valueTo }: PackedRecord, delta: number, timestampDelta: number): number {
  const lengths = sizeOfVarint(valueFrom - keyFrom) + sizeOfVarint(valueTo - valueFrom);
  // One byte of attributes before, one for no headers behind.
  return 2 + sizeOfVarint(timestampDelta) + sizeOfVarint(delta) + lengths + valueTo - keyFrom;
}

function writePacked(buffer: Buffer, start: number, record: PackedRecord, delta: number, timestampDelta: number) {
  const { source, keyFrom, valueFrom, valueTo } = record;
  let at = start;
  buffer[at++] = 0;
  at = writeVarint(buffer, at, timestampDelta);
  at = writeVarint(buffer, at, delta);
  at = writeVarint(buffer, at, valueFrom - keyFrom);
  at += source.copy(buffer, at, keyFrom, valueFrom);
  at = writeVarint(buffer, at, valueTo - valueFrom);
  at += source.copy(buffer, at, valueFrom, valueTo);
  buffer[at++] = 0;
  return at;
}

function sizeOfRecord({ key, value, headers }: NewRecord, offsetDelta: number, timestampDelta: number): number {
  let size = 1 + sizeOfVarint(timestampDelta) + sizeOfVarint(offsetDelta) + sizeOfBytes(key) + sizeOfBytes(value);
  let count = 0;
  for (const name in headers) {
    const nameBytes = Buffer.byteLength(name);
    size += sizeOfVarint(nameBytes) + nameBytes + sizeOfBytes(headers[name] ?? null);
    count++;
  }
  return size + sizeOfVarint(count);
}

function writeRecord(
  buffer: Buffer,
  start: number,
  record: NewRecord,
  offsetDelta: number,
  timestampDelta: number,
): number {
  const { key, value, headers } = record;
  let at = start;
  buffer[at++] = 0;
  at = writeVarint(buffer, at, timestampDelta);
  at = writeVarint(buffer, at, offsetDelta);
  at = writeBytes(buffer, at, key);
  at = writeBytes(buffer, at, value);
  at = writeVarint(buffer, at, headers === undefined ? 0 : Object.keys(headers).length);
  for (const name in headers) {
    at = writeVarint(buffer, at, Buffer.byteLength(name));
    at += buffer.write(name, at);
    at = writeBytes(buffer, at, headers[name] ?? null);
  }
  return at;
}

function sizeOfBytes(bytes: Uint8Array | null): number {
  return bytes === null ? sizeOfVarint(-1) : sizeOfVarint(bytes.length) + bytes.length;
}

function writeBytes(buffer: Buffer, start: number, bytes: Uint8Array | null): number {
  if (bytes === null) return writeVarint(buffer, start, -1);
  const at = writeVarint(buffer, start, bytes.length);
  buffer.set(bytes, at);
  return at + bytes.length;
}
