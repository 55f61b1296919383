import type { BatchPosition, Column, EventBatch } from '../../batch/event-batch';
import type { Field, StreamSchema } from '../../stream/schema';
import type { Row, RowValue } from './evaluate-row';

/** One record of a raw partition as the enricher has accepted it. */
export interface LogEntry {
  readonly offset: number;
  readonly appendMs: number;
  /** Accepted rows, in order. Empty for a control record. */
  readonly rows: readonly Row[];
  /** Of an `advance` record. */
  readonly advanceToMs?: number;
  readonly control?: 'hold' | 'release';
}

const NOTHING: BatchPosition = {
  maxEventTimeMs: -Infinity,
  watermarkInputMs: -Infinity,
  maxAppendMs: -Infinity,
  held: false,
  rowsSeen: 0,
  definition: '',
  catalogOffset: 0,
  reroutedThrough: new Map(),
};

/** A raw partition written down row by row, from which batches can be cut anywhere. */
export class PartitionLog {
  /** What stood before each entry, and behind the last. */
  private readonly positions: BatchPosition[] = [NOTHING];

  constructor(
    private readonly schema: StreamSchema,
    readonly partition: number,
    readonly entries: readonly LogEntry[],
  ) {
    for (const entry of entries) this.positions.push(this.behind(this.positions.at(-1) as BatchPosition, entry));
  }

  /** What stood before an entry; `entries.length` for the end. */
  before(index: number): BatchPosition {
    return this.positions[index] as BatchPosition;
  }

  /** First raw offset at or behind entry `index` that no earlier entry has. */
  rawFrom(index: number): number {
    return index === 0 ? 0 : (this.entries[index - 1] as LogEntry).offset + 1;
  }

  /** The entries [from, to) as one batch. */
  batch(from: number, to: number): EventBatch {
    const entries = this.entries.slice(from, to);
    const rows = entries.flatMap((entry) => entry.rows);
    const rowCounts = Uint32Array.from(entries, (entry) => entry.rows.length);
    return {
      stream: this.schema.stream,
      partition: this.partition,
      rawFrom: this.rawFrom(from),
      rawNext: this.rawFrom(to),
      before: this.before(from),
      after: this.before(to),
      records: {
        count: entries.length,
        offsets: Float64Array.from(entries, (entry) => entry.offset),
        rowCounts,
        appendMs: Float64Array.from(entries, (entry) => entry.appendMs),
        inputAfterMs: Float64Array.from(entries, (_, i) => this.before(from + i + 1).watermarkInputMs),
      },
      controls: entries.flatMap((entry, record) => {
        if (entry.control) return [{ record, payload: jsonBytes({ kind: entry.control }) }];
        if (entry.advanceToMs === undefined) return [];
        return [{ record, payload: jsonBytes({ kind: 'advance', toMs: entry.advanceToMs }) }];
      }),
      rows: rows.length,
      rowIndexes: Uint32Array.from(entries.flatMap((entry) => entry.rows.map((_, index) => index))),
      columns: columnsOf(this.schema, rows),
      ids: new Uint8Array(0),
      validCounts: rowCounts,
      idCounts: new Uint32Array(entries.length),
      batchIds: new Uint8Array(0),
      batchIdRecords: new Uint32Array(0),
    };
  }

  private behind(before: BatchPosition, entry: LogEntry): BatchPosition {
    const times = entry.rows.map((row) => row[this.schema.eventTime.field] as number);
    const inputs = [...times, ...(entry.advanceToMs === undefined ? [] : [entry.advanceToMs])];
    return {
      ...before,
      maxEventTimeMs: Math.max(before.maxEventTimeMs, ...times),
      watermarkInputMs: Math.max(before.watermarkInputMs, ...inputs.map((input) => Math.min(input, entry.appendMs))),
      maxAppendMs: Math.max(before.maxAppendMs, entry.appendMs),
      held: entry.control === undefined ? before.held : entry.control === 'hold',
      rowsSeen: before.rowsSeen + entry.rows.length,
    };
  }
}

/** Rows as columns by field number; a field that is null in every row has none. */
export function columnsOf(schema: StreamSchema, rows: readonly Row[]): Map<number, Column> {
  const columns = new Map<number, Column>();
  for (const field of schema.fields) {
    const values = rows.map((row) => row[field.name] ?? null);
    if (values.some((value) => value !== null)) columns.set(field.number, columnOf(field, values));
  }
  return columns;
}

function columnOf(field: Field, values: readonly RowValue[]): Column {
  if (field.type !== 'string') {
    return { kind: 'number', values: Float64Array.from(values, (value) => (value === null ? NaN : Number(value))) };
  }
  if (!field.dictionary) {
    const { bytes, offsets } = textBytes(values.map((value) => String(value ?? '')));
    const nulls = values.includes(null) ? Uint8Array.from(values, (value) => (value === null ? 1 : 0)) : null;
    return { kind: 'text', bytes, offsets, nulls };
  }
  const entries = [...new Set(values)].filter((value) => value !== null).map(String);
  const indices = Int32Array.from(values, (value) => (value === null ? -1 : entries.indexOf(String(value))));
  return { kind: 'dictionary', indices, ...textBytes(entries) };
}

function textBytes(texts: readonly string[]): { bytes: Uint8Array; offsets: Uint32Array } {
  const encoded = texts.map((text) => new TextEncoder().encode(text));
  const offsets = new Uint32Array(texts.length + 1);
  encoded.forEach((bytes, i) => (offsets[i + 1] = (offsets[i] as number) + bytes.length));
  const bytes = new Uint8Array(offsets[texts.length] as number);
  encoded.forEach((text, i) => bytes.set(text, offsets[i]));
  return { bytes, offsets };
}

function jsonBytes(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}
