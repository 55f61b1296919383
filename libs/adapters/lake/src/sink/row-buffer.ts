import type { FeedRow } from '@tillstream/contracts';
import type { FeedPortion } from '@tillstream/engine';

import { dayOf, dayText } from './day';
import type { FeedBuffer, FileRows } from './feed-buffer';
import { KeyedSource, type RowColumn } from './keyed-source';
import type { TableShape } from './table-shape';

/** What a row holds beside its record. */
const ROW_BYTES = 500;

export type RowOrder = (a: FeedRow, b: FeedRow) => number;

/** Rows of a feed with ids; of several with one id the first is kept. */
export class RowBuffer implements FeedBuffer {
  bytes = 0;
  private readonly byId = new Map<string, FeedRow>();

  constructor(
    private readonly shape: TableShape<RowColumn>,
    private readonly order: RowOrder,
  ) {}

  get rows(): number {
    return this.byId.size;
  }

  add({ rows }: FeedPortion): void {
    if (rows.kind !== 'rows') throw new Error('only events come in columns');
    for (const row of rows.rows) this.take(row);
  }

  unshift(earlier: FeedBuffer): void {
    if (!(earlier instanceof RowBuffer)) throw new Error('these are no rows with ids');
    const later = [...this.byId.values()];
    this.byId.clear();
    this.bytes = 0;
    for (const row of [...earlier.all(), ...later]) this.take(row);
  }

  all(): readonly FeedRow[] {
    return [...this.byId.values()];
  }

  /** Leaves out what is stored already. */
  drop(ids: Iterable<string>): void {
    for (const id of ids) this.byId.delete(id);
  }

  files(partitionBy: readonly string[]): readonly FileRows[] {
    const columns = this.shape.columns.filter(({ name }) => !partitionBy.includes(name));
    const days = new Map<number, FeedRow[]>();
    for (const row of this.byId.values()) {
      const day = dayOf(row.timeMs);
      const ofDay = days.get(day);
      if (ofDay === undefined) days.set(day, [row]);
      else ofDay.push(row);
    }
    return [...days].map(([day, rows]) => ({
      partition: Object.fromEntries(partitionBy.map((name) => [name, name === this.shape.day ? dayText(day) : null])),
      source: new KeyedSource(columns, rows.sort(this.order)),
    }));
  }

  private take(row: FeedRow): void {
    if (this.byId.has(row.id)) return;
    this.byId.set(row.id, row);
    this.bytes += ROW_BYTES + 2 * row.id.length + (row.record?.length ?? 0);
  }
}

/** Results of one metric and window stand together, so who asks for them reads little else. */
export const FINALS_ORDER: RowOrder = (a, b) => compare(a.table, b.table) || a.timeMs - b.timeMs || compare(a.id, b.id);

export const TIME_ORDER: RowOrder = (a, b) => a.timeMs - b.timeMs || a.offset - b.offset || a.index - b.index;

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
