import type { FeedPortion } from '@tillstream/engine';
import { textAt, type Column, type EventBatch } from '@tillstream/core';

import type { PartitionValues } from '../sql/partition-path';
import { dayOf, dayText } from './day';
import { EventSource, type EventColumn } from './event-source';
import type { FeedBuffer, FileRows } from './feed-buffer';
import type { TableShape } from './table-shape';
import { timeOrder } from './time-order';

interface Added {
  readonly batch: EventBatch;
  readonly selected: Uint32Array;
}

/** Batches of events as they came: their columns are the lake's. */
export class EventBuffer implements FeedBuffer {
  rows = 0;
  bytes = 0;
  private added: Added[] = [];

  constructor(
    private readonly shape: TableShape<EventColumn>,
    /** Number of the field that says when an event happened. */
    private readonly timeField: number,
  ) {}

  add({ rows }: FeedPortion): void {
    if (rows.kind !== 'columns') throw new Error('events come in columns');
    const { batch, selected } = rows;
    if (selected.length === 0) return;
    this.added.push({ batch, selected });
    this.rows += selected.length;
    this.bytes += bytesOf(batch) + selected.byteLength;
  }

  unshift(earlier: FeedBuffer): void {
    if (!(earlier instanceof EventBuffer)) throw new Error('these are no events');
    this.added = [...earlier.added, ...this.added];
    this.rows += earlier.rows;
    this.bytes += earlier.bytes;
  }

  files(partitionBy: readonly string[]): readonly FileRows[] {
    const columns = this.shape.columns.filter(({ name }) => !partitionBy.includes(name));
    const batches = this.added.map(({ batch }) => batch);
    return this.groups(partitionBy).map(({ partition, batchOf, rows, times }) => {
      const order = timeOrder(times);
      const picked = {
        batches,
        batchOf: order.map((i) => batchOf[i] as number),
        rows: order.map((i) => rows[i] as number),
      };
      return { partition, source: new EventSource(columns, picked) };
    });
  }

  private groups(partitionBy: readonly string[]): readonly Group[] {
    const field = this.shape.columns.find(({ name, from }) => from === 'field' && partitionBy.includes(name));
    const groups = new Groups(this.rows);
    this.added.forEach(({ batch, selected }, batchIndex) => {
      const times = timesOf(batch, this.timeField);
      const valueAt = field?.from === 'field' ? textReader(batch.columns.get(field.number) ?? null, field) : () => null;
      for (const row of selected) groups.add(batchIndex, row, times[row] as number, valueAt(row));
    });
    return groups.finish((day, value) =>
      Object.fromEntries(
        partitionBy.map((name) => [name, name === this.shape.day ? dayText(day) : name === field?.name ? value : null]),
      ),
    );
  }
}

interface Group {
  readonly partition: PartitionValues;
  readonly batchOf: Uint32Array;
  readonly rows: Uint32Array;
  readonly times: Float64Array;
}

/** Rows apart by day and by the value of a field. */
class Groups {
  private readonly ids = new Map<string | null, Map<number, number>>();
  private readonly keys: { readonly day: number; readonly value: string | null; count: number }[] = [];
  private readonly groupOf: Uint32Array;
  private readonly batchOf: Uint32Array;
  private readonly rowOf: Uint32Array;
  private readonly times: Float64Array;
  private count = 0;
  /** The group of the row before, which is mostly that of the next one too. */
  private last = { day: NaN, value: null as string | null, id: -1 };

  constructor(rows: number) {
    this.groupOf = new Uint32Array(rows);
    this.batchOf = new Uint32Array(rows);
    this.rowOf = new Uint32Array(rows);
    this.times = new Float64Array(rows);
  }

  add(batch: number, row: number, timeMs: number, value: string | null): void {
    const day = dayOf(timeMs);
    if (day !== this.last.day || value !== this.last.value) this.last = { day, value, id: this.idOf(day, value) };
    const at = this.count++;
    this.groupOf[at] = this.last.id;
    this.batchOf[at] = batch;
    this.rowOf[at] = row;
    this.times[at] = timeMs;
    (this.keys[this.last.id] as { count: number }).count++;
  }

  finish(partitionOf: (day: number, value: string | null) => PartitionValues): readonly Group[] {
    const groups = this.keys.map(({ day, value, count }) => ({
      partition: partitionOf(day, value),
      batchOf: new Uint32Array(count),
      rows: new Uint32Array(count),
      times: new Float64Array(count),
    }));
    const filled = new Uint32Array(groups.length);
    for (let i = 0; i < this.count; i++) {
      const id = this.groupOf[i] as number;
      const group = groups[id] as (typeof groups)[number];
      const to = filled[id] as number;
      group.batchOf[to] = this.batchOf[i] as number;
      group.rows[to] = this.rowOf[i] as number;
      group.times[to] = this.times[i] as number;
      filled[id] = to + 1;
    }
    return groups;
  }

  private idOf(day: number, value: string | null): number {
    let ofValue = this.ids.get(value);
    if (ofValue === undefined) this.ids.set(value, (ofValue = new Map<number, number>()));
    let id = ofValue.get(day);
    if (id === undefined) {
      ofValue.set(day, (id = this.keys.length));
      this.keys.push({ day, value, count: 0 });
    }
    return id;
  }
}

/** When each row happened; one that does not say it, when it came. */
function timesOf({ columns, records, rows }: EventBatch, field: number): Float64Array {
  const column = columns.get(field);
  const own = column?.kind === 'number' ? column.values : new Float64Array(rows).fill(NaN);
  if (!own.some(Number.isNaN)) return own;
  const times = Float64Array.from(own);
  for (let record = 0, row = 0; record < records.count; record++) {
    for (const end = row + (records.rowCounts[record] as number); row < end; row++) {
      if (Number.isNaN(times[row])) times[row] = records.appendMs[record] as number;
    }
  }
  return times;
}

/** The value of a field as directories name it. A dictionary's entry is made a text once. */
function textReader(column: Column | null, { type }: EventColumn): (row: number) => string | null {
  if (column === null) return () => null;
  if (column.kind === 'number') {
    return (row) => {
      const value = column.values[row] as number;
      if (Number.isNaN(value)) return null;
      return type === 'boolean' ? String(value !== 0) : String(value + 0);
    };
  }
  if (column.kind === 'text') return (row) => textAt(column, row);
  const texts: (string | null)[] = [];
  return (row) => {
    const entry = column.indices[row] as number;
    if (entry < 0) return null;
    return (texts[entry] ??= textAt(column, row));
  };
}

function bytesOf({ columns, records, rows }: EventBatch): number {
  let bytes = 4 * rows + 32 * records.count;
  for (const column of columns.values()) {
    if (column.kind === 'number') bytes += column.values.byteLength;
    else if (column.kind === 'text') bytes += column.bytes.byteLength + column.offsets.byteLength + rows;
    else bytes += column.bytes.byteLength + column.offsets.byteLength + column.indices.byteLength;
  }
  return bytes;
}
