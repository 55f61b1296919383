import { crc32c } from '@node-rs/crc32';
import type { LogRecord, RecordHeaders } from '@tillstream/engine';
import { CorruptBatchError } from '../errors';
import { decompress } from './compression';
import {
  APPEND_TIME_FLAG,
  BATCH,
  BATCH_PREFIX_BYTES,
  COMPRESSION_MASK,
  CONTROL_FLAG,
  MAGIC,
  TRANSACTIONAL_FLAG,
} from './record-batch';
import { VarintCursor } from './varint';

/** A transaction that was aborted: its producer's records from `firstOffset` to its abort marker do not exist. */
export interface AbortedTransaction {
  readonly producerId: bigint;
  readonly firstOffset: number;
}

/** Record batches as one fetch gave them; the last may be cut off. */
export interface FetchedBatches {
  readonly bytes: Buffer;
  readonly aborted: readonly AbortedTransaction[];
}

const NO_HEADERS: RecordHeaders = Object.freeze({});
const OWN_PROPERTY = { enumerable: true, configurable: true, writable: true };
const ABORT_MARKER = 0;

/** The complete batches. @throws CorruptBatchError for another format or an impossible length. */
function* completeBatches(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at + BATCH.records <= bytes.length;) {
    const length = bytes.readInt32BE(at + BATCH.length);
    const end = at + BATCH_PREFIX_BYTES + length;
    if (end > bytes.length) return;
    const magic = bytes[at + BATCH.magic];
    if (magic !== MAGIC) throw corruptAt(bytes, at, `format ${magic} instead of 2`);
    if (end < at + BATCH.records) throw corruptAt(bytes, at, `a batch has no room in ${length} bytes`);
    yield bytes.subarray(at, end);
    at = end;
  }
}

function corruptAt(bytes: Buffer, at: number, reason: string): CorruptBatchError {
  return new CorruptBatchError(baseOffsetOf(bytes.subarray(at)), reason);
}

/** What `read` gives. @throws CorruptBatchError when it fails, whatever it fails with. */
function readingBatch<T>(baseOffset: number, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new CorruptBatchError(baseOffset, error instanceof Error ? error.message : String(error));
  }
}

/** The offset behind the last complete batch, records or not; null when there is none. */
export function offsetBehind(bytes: Buffer): number | null {
  let behind: number | null = null;
  for (const batch of completeBatches(bytes)) behind = lastOffsetOf(batch) + 1;
  return behind;
}

/**
 * The records at or behind `from` that readers may see: no control records, nothing from aborted transactions.
 * Keys, values and headers are views on `bytes`.
 * @throws CorruptBatchError when a checksum or the records themselves are wrong; wrong headers when they are asked for.
 */
export function decodeBatches({ bytes, aborted }: FetchedBatches, from: number): LogRecord[] {
  const records: LogRecord[] = [];
  const isAborted = abortedFilter(aborted);
  for (const batch of completeBatches(bytes)) {
    if (crc32c(batch.subarray(BATCH.attributes)) !== batch.readUInt32BE(BATCH.crc)) {
      throw new CorruptBatchError(baseOffsetOf(batch), 'the checksum does not match');
    }
    if (isAborted(batch) || isControl(batch) || lastOffsetOf(batch) < from) continue;
    decodeRecords(batch, from, records);
  }
  return records;
}

/**
 * Aborted transactions of several producers may overlap, and a fetch may begin inside them: every transaction that
 * began at or before a batch's end counts before that batch is judged, and ends with the abort marker of its producer.
 */
function abortedFilter(transactions: readonly AbortedTransaction[]): (batch: Buffer) => boolean {
  const upcoming = [...transactions].sort((a, b) => b.firstOffset - a.firstOffset);
  const aborting = new Set<bigint>();
  return (batch) => {
    for (
      let next = upcoming.at(-1);
      next !== undefined && next.firstOffset <= lastOffsetOf(batch);
      next = upcoming.at(-1)
    ) {
      aborting.add(next.producerId);
      upcoming.pop();
    }
    if ((attributesOf(batch) & TRANSACTIONAL_FLAG) === 0) return false;
    const producerId = batch.readBigInt64BE(BATCH.producerId);
    if (isControl(batch) && readingBatch(baseOffsetOf(batch), () => isAbortMarker(batch))) aborting.delete(producerId);
    return aborting.has(producerId);
  };
}

function decodeRecords(batch: Buffer, from: number, records: LogRecord[]): void {
  const baseOffset = baseOffsetOf(batch);
  const attributes = attributesOf(batch);
  const appendTime = (attributes & APPEND_TIME_FLAG) !== 0;
  const maxTimestamp = Number(batch.readBigInt64BE(BATCH.maxTimestamp));
  const baseTimestamp = Number(batch.readBigInt64BE(BATCH.baseTimestamp));
  readingBatch(baseOffset, () => {
    const body = decompress(attributes & COMPRESSION_MASK, batch.subarray(BATCH.records));
    const { buffer, byteOffset } = body;
    const cursor = new VarintCursor(body, 0);
    const bytesBefore = (end: number): Uint8Array | null => {
      const length = cursor.next();
      if (length < 0) return null;
      const start = cursor.skip(length, end);
      // Cheaper by half than a Buffer.
      return new Uint8Array(buffer, byteOffset + start, length);
    };
    for (let left = batch.readInt32BE(BATCH.recordCount); left > 0; left--) {
      const length = cursor.next();
      const end = cursor.position + length;
      if (length < 0 || end > body.length) throw new RangeError(`a record of ${length} bytes ends behind its batch`);
      cursor.position++; // attributes of a record: none are in use
      const timestampDelta = cursor.next();
      const offset = baseOffset + cursor.next();
      if (offset >= from) {
        const timestampMs = appendTime ? maxTimestamp : baseTimestamp + timestampDelta;
        const key = bytesBefore(end);
        const value = bytesBefore(end);
        records.push(new FetchedRecord(offset, timestampMs, key, value, body, cursor.position, end));
      }
      cursor.position = end;
    }
  });
}

/** Decodes its headers when somebody asks for them: they cost more than all the rest of a record. */
class FetchedRecord implements LogRecord {
  readonly #body: Buffer;
  readonly #headersAt: number;
  readonly #end: number;
  #headers: RecordHeaders | null;

  constructor(
    readonly offset: number,
    readonly timestampMs: number,
    readonly key: Uint8Array | null,
    readonly value: Uint8Array | null,
    body: Buffer,
    headersAt: number,
    end: number,
  ) {
    this.#body = body;
    this.#headersAt = headersAt;
    this.#end = end;
    this.#headers = body[headersAt] === 0 ? NO_HEADERS : null;
  }

  get headers(): RecordHeaders {
    return (this.#headers ??= readingBatch(this.offset, () => decodeHeaders(this.#body, this.#headersAt, this.#end)));
  }
}

/** Of several headers with one name the last counts; one without a value is empty. */
function decodeHeaders(body: Buffer, at: number, end: number): RecordHeaders {
  const cursor = new VarintCursor(body, at);
  const count = cursor.next();
  if (count === 0) return NO_HEADERS;
  const headers: Record<string, Uint8Array> = {};
  for (let left = count; left > 0; left--) {
    const name = nextBytes(cursor, end)?.toString('utf8') ?? '';
    const value = nextBytes(cursor, end) ?? Buffer.alloc(0);
    // An assignment to this name would change the prototype.
    if (name === '__proto__') Object.defineProperty(headers, name, { ...OWN_PROPERTY, value });
    else headers[name] = value;
  }
  return headers;
}

function nextBytes(cursor: VarintCursor, end: number): Buffer | null {
  const length = cursor.next();
  if (length < 0) return null;
  const start = cursor.skip(length, end);
  return cursor.buffer.subarray(start, start + length);
}

function isAbortMarker(batch: Buffer): boolean {
  const cursor = new VarintCursor(batch, BATCH.records);
  cursor.next(); // length
  cursor.position++; // attributes
  cursor.next(); // timestamp delta
  cursor.next(); // offset delta
  const key = nextBytes(cursor, batch.length);
  return key !== null && key.length >= 4 && key.readInt16BE(2) === ABORT_MARKER;
}

const baseOffsetOf = (batch: Buffer): number => Number(batch.readBigInt64BE(BATCH.baseOffset));
const lastOffsetOf = (batch: Buffer): number => baseOffsetOf(batch) + batch.readInt32BE(BATCH.lastOffsetDelta);
const attributesOf = (batch: Buffer): number => batch.readInt16BE(BATCH.attributes);
const isControl = (batch: Buffer): boolean => (attributesOf(batch) & CONTROL_FLAG) !== 0;
