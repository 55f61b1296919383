import type { LogRecord } from '@tillstream/engine';
import type { LogView } from '../results/log-follower';
import { ChangeSignal } from './change-signal';
import type { Positions } from './positions';
import { RecentRows, type RecentRow } from './recent-rows';

/** What a topic tells of rows that never change, as far as there is room for them. */
export class RowView<Row extends RecentRow> implements LogView {
  readonly changes = new ChangeSignal();
  readonly rows: RecentRows<Row>;
  private readonly next: number[];
  /** By partition: what stood before the next record has expired. */
  private readonly hasLost: boolean[];
  /** By partition, where the view begins. */
  private readonly begins: number[];
  private unknown = 0;

  constructor(
    readonly partitions: number,
    mostRows: number,
    private readonly rowOf: (partition: number, record: LogRecord) => Row | null,
  ) {
    this.rows = new RecentRows(mostRows);
    this.next = new Array<number>(partitions).fill(0);
    this.hasLost = new Array<boolean>(partitions).fill(false);
    this.begins = new Array<number>(partitions).fill(0);
  }

  get positions(): Positions {
    return this.next;
  }

  /** Records so far that are no rows. */
  get unknownRecords(): number {
    return this.unknown;
  }

  /** Rows that happened before may be missing here; -Infinity: none is known to be. */
  get seamMs(): number {
    // Until something is read of a partition that has lost rows nobody knows when these happened.
    return this.hasLost.some(Boolean) ? Infinity : (this.rows.completeFromMs ?? -Infinity);
  }

  /** By partition: all that stands behind this offset and was read is here; -1: everything is. */
  get lostThrough(): readonly number[] {
    return this.begins.map((begin, partition) => Math.max(begin - 1, this.rows.lostThrough(partition)));
  }

  apply(partition: number, records: readonly LogRecord[]): void {
    for (const record of records) {
      if (record.offset < this.next[partition]!) continue;
      this.next[partition] = record.offset + 1;
      if (this.hasLost[partition]) {
        this.rows.completeOnlyFrom(record.timestampMs);
        this.hasLost[partition] = false;
      }
      const row = this.rowOf(partition, record);
      if (row) this.rows.put(row);
      else this.unknown += 1;
    }
    this.changes.fire();
  }

  skipTo(partition: number, offset: number): void {
    this.next[partition] = Math.max(this.next[partition]!, offset);
    this.changes.fire();
  }

  beginAt(partition: number, offset: number): void {
    this.hasLost[partition] = true;
    this.begins[partition] = offset;
    this.skipTo(partition, offset);
  }

  dropAppendedBefore(appendMs: number): void {
    this.rows.dropAppendedBefore(appendMs);
  }

  /** Resolves once the records before `offset` are in the view, or when `signal` is aborted. */
  async reached(partition: number, offset: number, signal: AbortSignal): Promise<void> {
    while (this.next[partition]! < offset && !signal.aborted) await this.changes.next(signal);
  }
}
