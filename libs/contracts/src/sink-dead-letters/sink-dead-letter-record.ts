import type { Feed, FeedRow, FeedValue } from '../feeds/feed';
import { FEEDS } from '../feeds/feed';
import type { NewRecord } from '../record';

/** A row that a store outside will never take. */
export interface SinkDeadLetter {
  /** The sink's name. */
  readonly sink: string;
  readonly feed: Feed;
  readonly row: FeedRow;
  /** In the store's own words. */
  readonly reason: string;
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * The record of a row that a sink has refused: the key is `sink|feed|id of the row`, so that it is one however often it is refused
 * again. The value is JSON, with all of the row, so that it can be stored when the store has been mended:
 *
 *   {"sink","feed","reason","table","id","version","time_ms","partition","offset","index","values":{…},"bytes":{…},"record":"…"}
 *
 * Values that are bytes stand in `bytes`, in base64; the record is a text, as it stands in its topic.
 */
export function encodeSinkDeadLetter({ sink, feed, row, reason }: SinkDeadLetter): NewRecord {
  const { table, id, version, timeMs, partition, offset, index, record } = row;
  const values: Record<string, FeedValue> = {};
  const bytes: Record<string, string> = {};
  for (const [name, value] of Object.entries(row.values)) {
    if (value instanceof Uint8Array) bytes[name] = base64Of(value);
    else values[name] = value;
  }
  const json = {
    ...{ sink, feed, reason, table, id, version, time_ms: timeMs, partition, offset, index, values },
    ...(Object.keys(bytes).length === 0 ? {} : { bytes }),
    ...(record === null ? {} : { record: decoder.decode(record) }),
  };
  return { key: Buffer.from(`${sink}|${feed}|${id}`, 'utf8'), value: Buffer.from(JSON.stringify(json), 'utf8') };
}

/** Reads a record of a topic of sinks' dead letters; null for what this project did not write. */
export function decodeSinkDeadLetter({ value }: Pick<NewRecord, 'value'>): SinkDeadLetter | null {
  if (value === null) return null;
  try {
    return letterFrom(JSON.parse(decoder.decode(value)));
  } catch {
    return null; // broken UTF-8 or JSON: not ours
  }
}

function letterFrom(json: unknown): SinkDeadLetter | null {
  const { sink, feed, reason, table, id, values, bytes = {}, record = null, ...place } = asObject(json);
  const numbers = ['version', 'time_ms', 'partition', 'offset', 'index'].map((name) => place[name]);
  const texts = [sink, reason, table, id, record ?? ''];
  const known = FEEDS.find((candidate) => candidate === feed);
  if (known === undefined || !numbers.every(Number.isSafeInteger) || !texts.every(isText)) return null;
  const [version, timeMs, partition, offset, index] = numbers as [number, number, number, number, number];
  const kept = Object.entries(asObject(bytes)).map(([name, text]) => [name, bytesOf(text as string)]);
  const row: FeedRow = {
    table: table as string,
    id: id as string,
    ...{ version, timeMs, partition, offset, index },
    record: record === null ? null : Buffer.from(record as string, 'utf8'),
    values: { ...asObject(values), ...(Object.fromEntries(kept) as Record<string, Uint8Array>) },
  };
  return { sink: sink as string, feed: known, reason: reason as string, row };
}

function asObject(json: unknown): Readonly<Record<string, FeedValue>> {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw new RangeError('no object');
  return json as Readonly<Record<string, FeedValue>>;
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function base64Of(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64');
}

function bytesOf(base64: string): Uint8Array {
  return Uint8Array.from(Buffer.from(base64, 'base64'));
}
