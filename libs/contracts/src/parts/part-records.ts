import type { ByteStrings, MetricSpan, PartBlock } from '@tillstream/core';
import { ALWAYS } from '@tillstream/core';
import { ByteWriter } from '../bytes/byte-writer';
import { MAX_PART_BYTES } from '../bounds';
import { isoInstant } from '../results/instant';
import type { NewRecord } from '../record';
import { cutPart } from './cut-part';
import { ProtoReader } from './proto-reader';

/** How far one partition's time has come. -Infinity: nothing yet. */
export interface Frontier {
  /** Newest min(event time, append time) of an accepted row or `advance`; a metric's watermark is this less its bound. */
  readonly watermarkInputMs: number;
  readonly maxEventTimeMs: number;
  readonly maxAppendMs: number;
  /** The partition has processed all there was when it said so. */
  readonly caughtUp: boolean;
  /** Between a `hold` and its `release`. */
  readonly held: boolean;
  /** Raw position that all of this is a function of. */
  readonly rawNext: number;
  /** sha256 (hex) of the definition in force there; absent: the first one of the stream. */
  readonly definition?: string;
  /** By identity, of metrics that were not declared all the time: which windows the partition has whole. */
  readonly spans?: ReadonlyMap<string, MetricSpan>;
}

/** What a record of a parts topic says. `source` is the partition that wrote it. */
export type PartsRecord =
  | { readonly kind: 'part'; readonly source: number; readonly part: PartBlock }
  | { readonly kind: 'frontier'; readonly source: number; readonly frontier: Frontier }
  /** Not written by this project, or by a version that knows more. */
  | { readonly kind: 'unknown' };

/*
 * The wire format is proto/tillstream/parts/v1/parts.proto, written by hand: a merge task reads it for every batch of
 * every partition, and byte strings are taken out of the record without copying.
 */
const VARINT = 0;
const BYTES = 2;
const tag = (field: number, wireType: number) => (field << 3) | wireType;

/** The record of a part. All of its groups must belong to the partition it is sent to. */
export function encodePart(source: number, part: PartBlock): NewRecord {
  const body = new ByteWriter(part.groups.bytes.length + part.accumulators.bytes.length + 256);
  writeText(body, 1, part.metric);
  writeInt64(body, 2, part.startMs);
  writeInt64(body, 3, part.endMs);
  if (part.frozen) writeInt64(body, 4, 1);
  writeInt64(body, 5, part.revision);
  writeStrings(body, 6, part.groups);
  writeStrings(body, 8, part.accumulators);
  return {
    key: Buffer.from(`${source}|${part.metric}|${isoInstant(part.startMs)}`, 'latin1'),
    value: envelope(source, 2, body),
  };
}

/** As `encodePart`, in as many records as it takes to keep each well below the topic's limit. */
export function encodeParts(source: number, part: PartBlock): NewRecord[] {
  return cutPart(part, MAX_PART_BYTES).map((piece) => encodePart(source, piece));
}

/** The record of a frontier, to be sent to every partition of the parts topic. */
export function encodeFrontier(source: number, frontier: Frontier): NewRecord {
  const body = new ByteWriter(96);
  writeOptionalInstant(body, 1, frontier.watermarkInputMs);
  writeOptionalInstant(body, 2, frontier.maxEventTimeMs);
  writeOptionalInstant(body, 3, frontier.maxAppendMs);
  if (frontier.caughtUp) writeInt64(body, 4, 1);
  if (frontier.held) writeInt64(body, 5, 1);
  writeInt64(body, 6, frontier.rawNext);
  if (frontier.definition) writeBytes(body, 7, Buffer.from(frontier.definition, 'hex'));
  for (const [identity, { fromMs, untilMs }] of frontier.spans ?? []) {
    const span = new ByteWriter(96);
    writeText(span, 1, identity);
    writeOptionalInstant(span, 2, fromMs);
    if (untilMs !== Infinity) writeOptionalInstant(span, 3, untilMs);
    writeBytes(body, 8, span.slice(0, span.length));
  }
  return { key: Buffer.from(`${source}|frontier`, 'latin1'), value: envelope(source, 3, body) };
}

/** Reads a record of a parts topic. Byte strings are views into its value. Never throws. */
export function decodePartsRecord(record: Pick<NewRecord, 'value'>): PartsRecord {
  if (record.value === null) return { kind: 'unknown' };
  try {
    return decodeEnvelope(record.value);
  } catch (error) {
    if (error instanceof RangeError) return { kind: 'unknown' }; // cut short or not Protobuf
    throw error;
  }
}

function envelope(source: number, field: number, body: ByteWriter): Uint8Array {
  const writer = new ByteWriter(body.length + 32);
  writeInt64(writer, 1, source);
  writer.varint(tag(field, BYTES));
  writer.varint(body.length);
  writer.bytes(body.slice(0, body.length));
  return writer.slice(0, writer.length);
}

function writeBytes(writer: ByteWriter, field: number, bytes: Uint8Array): void {
  writer.varint(tag(field, BYTES));
  writer.varint(bytes.length);
  writer.bytes(bytes);
}

function writeInt64(writer: ByteWriter, field: number, value: number): void {
  if (value === 0) return; // the default is not written
  writer.varint(tag(field, VARINT));
  writeSigned(writer, value);
}

/** -Infinity is the absent value; 0 is written, because it is an instant like any other. */
function writeOptionalInstant(writer: ByteWriter, field: number, value: number): void {
  if (value === -Infinity) return;
  writer.varint(tag(field, VARINT));
  writeSigned(writer, value);
}

function writeSigned(writer: ByteWriter, value: number): void {
  if (value >= 0) {
    writer.varint(value);
    return;
  }
  let rest = BigInt.asUintN(64, BigInt(value)); // two's complement, ten bytes
  while (rest > 0x7fn) {
    writer.byte(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  writer.byte(Number(rest));
}

function writeText(writer: ByteWriter, field: number, text: string): void {
  const bytes = Buffer.from(text, 'utf8');
  writer.varint(tag(field, BYTES));
  writer.varint(bytes.length);
  writer.bytes(bytes);
}

/** Field n: all bytes end to end; field n + 1: the lengths. */
function writeStrings(writer: ByteWriter, field: number, strings: ByteStrings): void {
  const { bytes, offsets, count } = strings;
  const from = offsets[0] ?? 0;
  const to = offsets[count] ?? from;
  if (to > from) {
    writer.varint(tag(field, BYTES));
    writer.varint(to - from);
    writer.range(bytes, from, to);
  }
  if (count === 0) return;
  const lengths = new ByteWriter(2 * count);
  for (let i = 0; i < count; i++) lengths.varint((offsets[i + 1] as number) - (offsets[i] as number));
  writer.varint(tag(field + 1, BYTES));
  writer.varint(lengths.length);
  writer.bytes(lengths.slice(0, lengths.length));
}

function decodeEnvelope(value: Uint8Array): PartsRecord {
  let source = 0;
  let part: PartBlock | null = null;
  let frontier: Frontier | null = null;
  const reader = new ProtoReader(value);
  while (reader.nextField()) {
    if (reader.field === 1) source = reader.int64();
    else if (reader.field === 2) part = decodePart(reader.bytes());
    else if (reader.field === 3) frontier = decodeFrontier(reader.bytes());
    else reader.skip();
  }
  if (part !== null) return { kind: 'part', source, part };
  if (frontier !== null) return { kind: 'frontier', source, frontier };
  return { kind: 'unknown' };
}

const EMPTY: Uint8Array = new Uint8Array(0);

function decodePart(bytes: Uint8Array): PartBlock {
  let metric = '';
  let startMs = 0;
  let endMs = 0;
  let frozen = false;
  let revision = 0;
  const strings = { groups: EMPTY, groupLengths: EMPTY, accumulators: EMPTY, accumulatorLengths: EMPTY };
  const reader = new ProtoReader(bytes);
  while (reader.nextField()) {
    switch (reader.field) {
      case 1:
        metric = reader.text();
        break;
      case 2:
        startMs = reader.int64();
        break;
      case 3:
        endMs = reader.int64();
        break;
      case 4:
        frozen = reader.int64() !== 0;
        break;
      case 5:
        revision = reader.int64();
        break;
      case 6:
        strings.groups = reader.bytes();
        break;
      case 7:
        strings.groupLengths = reader.bytes();
        break;
      case 8:
        strings.accumulators = reader.bytes();
        break;
      case 9:
        strings.accumulatorLengths = reader.bytes();
        break;
      default:
        reader.skip();
    }
  }
  const groups = readStrings(strings.groups, strings.groupLengths);
  const accumulators = readStrings(strings.accumulators, strings.accumulatorLengths);
  if (groups.count !== accumulators.count) {
    throw new RangeError(`a part has ${groups.count} groups but ${accumulators.count} accumulators`);
  }
  return { metric, startMs, endMs, frozen, revision, groups, accumulators };
}

function decodeFrontier(bytes: Uint8Array): Frontier {
  let watermarkInputMs = -Infinity;
  let maxEventTimeMs = -Infinity;
  let maxAppendMs = -Infinity;
  let caughtUp = false;
  let held = false;
  let rawNext = 0;
  let definition = '';
  const spans = new Map<string, MetricSpan>();
  const reader = new ProtoReader(bytes);
  while (reader.nextField()) {
    if (reader.field === 1) watermarkInputMs = reader.int64();
    else if (reader.field === 2) maxEventTimeMs = reader.int64();
    else if (reader.field === 3) maxAppendMs = reader.int64();
    else if (reader.field === 4) caughtUp = reader.int64() !== 0;
    else if (reader.field === 5) held = reader.int64() !== 0;
    else if (reader.field === 6) rawNext = reader.int64();
    else if (reader.field === 7) definition = Buffer.from(reader.bytes()).toString('hex');
    else if (reader.field === 8) {
      const { identity, span } = decodeSpan(reader.bytes());
      spans.set(identity, span);
    } else reader.skip();
  }
  const frontier = { watermarkInputMs, maxEventTimeMs, maxAppendMs, caughtUp, held, rawNext };
  return { ...frontier, ...(definition && { definition }), ...(spans.size > 0 && { spans }) };
}

function decodeSpan(bytes: Uint8Array): { identity: string; span: MetricSpan } {
  let identity = '';
  let { fromMs, untilMs } = ALWAYS;
  const reader = new ProtoReader(bytes);
  while (reader.nextField()) {
    if (reader.field === 1) identity = reader.text();
    else if (reader.field === 2) fromMs = reader.int64();
    else if (reader.field === 3) untilMs = reader.int64();
    else reader.skip();
  }
  return { identity, span: { fromMs, untilMs } };
}

function readStrings(bytes: Uint8Array, lengths: Uint8Array): ByteStrings {
  let count = 0;
  for (const byte of lengths) if (byte < 0x80) count++;
  const offsets = new Uint32Array(count + 1);
  const reader = new ProtoReader(lengths);
  for (let i = 0; i < count; i++) offsets[i + 1] = (offsets[i] as number) + reader.varint();
  if (offsets[count] !== bytes.length) throw new RangeError('the lengths of a part do not add up to its bytes');
  return { count, bytes, offsets };
}
