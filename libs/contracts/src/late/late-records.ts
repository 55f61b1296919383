import type { LateRow, LateTouch, LateVisit, MetricDefinition } from '@tillstream/core';
import { MAX_LATE_RECORD_BYTES } from '../bounds';
import { ByteWriter } from '../bytes/byte-writer';
import type { NewRecord } from '../record';
import { parseInteger } from '../headers';
import { isoInstant, parseInstant } from '../results/instant';

/** A row that was late for a metric, or for sessions or attribution, which have a name and an identity as metrics have. */
export interface LateFor extends Omit<LateRow, 'metric'> {
  readonly metric: Pick<MetricDefinition, 'name' | 'identity'>;
}

/** Rows that came too late for sessions, or for attribution: what they missed is a closed session, or nothing that has a start. */
export function lateFor(
  { identity }: { readonly identity: string },
  rows: readonly (LateVisit | LateTouch)[],
): readonly LateFor[] {
  const metric = { name: identity.slice(0, identity.lastIndexOf('@')), identity };
  return rows.map((row) => {
    const { rawOffset, index, latenessMs, json } = row;
    const missed = 'missedStartMs' in row ? row.missedStartMs : null;
    return { metric, rawOffset, index, latenessMs, json, missedStartsMs: missed === null ? [] : [missed] };
  });
}

/**
 * Late rows as newline-delimited JSON, gathered into records of at most 512 KiB (a larger row stands alone). Each line:
 *
 *   {"id":"partition|offset|index|metric identity","metric":…,"definition":…,"missed":[window starts],
 *    "lateness_ms":…,"row":{…}}
 *
 * Where records are cut carries no meaning, and a line may be written more than once: the id tells.
 */
export function encodeLateRows(rows: readonly LateFor[], partition: number): NewRecord[] {
  const records: NewRecord[] = [];
  let writer = new ByteWriter();
  const finish = () => {
    if (writer.length > 0) records.push({ key: null, value: writer.slice(0, writer.length) });
    writer = new ByteWriter();
  };
  for (const row of rows) {
    const line = Buffer.from(lateLine(row, partition), 'utf8');
    if (writer.length + line.length > MAX_LATE_RECORD_BYTES) finish();
    writer.bytes(line);
  }
  finish();
  return records;
}

function lateLine({ metric, rawOffset, index, missedStartsMs, latenessMs, json }: LateFor, partition: number): string {
  const definition = metric.identity.slice(metric.identity.lastIndexOf('@') + 1);
  const missed = missedStartsMs.map((startMs) => `"${isoInstant(startMs)}"`).join(',');
  return (
    `{"id":"${partition}|${rawOffset}|${index}|${metric.identity}",` +
    `"metric":"${metric.name}","definition":"${definition}","missed":[${missed}],` +
    `"lateness_ms":${latenessMs},"row":${json}}\n`
  );
}

/** A late row as its readers see it. */
export interface LateEntry {
  /** `partition|offset|index|metric identity`: the same however often the row was written. */
  readonly id: string;
  /** Where the row stands in raw: partition, offset, and place within the record. */
  readonly partition: number;
  readonly offset: number;
  readonly index: number;
  readonly metric: string;
  readonly identity: string;
  /** Starts of the windows it missed, ascending. */
  readonly missedMs: readonly number[];
  /** Watermark less event time. */
  readonly latenessMs: number;
  /** The row as one JSON object. */
  readonly json: string;
}

const ROW_LABEL = ',"row":';
const decoder = new TextDecoder();

/** Reads the lines of a record of a late topic; what is not one of ours is left out. */
export function decodeLateRows({ value }: Pick<NewRecord, 'value'>): LateEntry[] {
  return lateLines(value).flatMap((line) => decodeLateLine(line) ?? []);
}

/** The lines of a record of a late topic. */
export function lateLines(value: Uint8Array | null): readonly string[] {
  return value === null
    ? []
    : decoder
        .decode(value)
        .split('\n')
        .filter((line) => line !== '');
}

/** What a line says; null for what is not one of ours. */
export function decodeLateLine(line: string): LateEntry | null {
  // Nothing in front of the row can hold this: names and instants have no quotes.
  const rowAt = line.indexOf(ROW_LABEL);
  if (rowAt < 0 || !line.endsWith('}')) return null;
  let head: Readonly<Record<string, unknown>>;
  try {
    head = JSON.parse(`${line.slice(0, rowAt)}}`) as Readonly<Record<string, unknown>>;
  } catch {
    return null; // not JSON: not ours
  }
  const { id, metric, missed, lateness_ms: latenessMs } = head;
  if (typeof id !== 'string' || typeof metric !== 'string' || typeof latenessMs !== 'number') return null;
  const [partition, offset, index, identity] = id.split('|');
  const place = [partition, offset, index].map((text) => parseInteger(text ?? ''));
  const missedMs = Array.isArray(missed) ? missed.map(parseInstant) : [null];
  if (place.includes(null) || missedMs.includes(null) || identity === undefined) return null;
  const [p, o, i] = place as number[];
  return {
    ...{ id, metric, identity, latenessMs, missedMs: missedMs as number[] },
    ...{ partition: p as number, offset: o as number, index: i as number },
    json: line.slice(rowAt + ROW_LABEL.length, -1),
  };
}
