import { compareGroups } from './group-order';

/** A row that never changes, as a view holds it. */
export interface RecentRow {
  /** Who tells it again tells the same. */
  readonly id: string;
  /** When it happened. */
  readonly timeMs: number;
  readonly appendMs: number;
  /** Where it stands in its topic. */
  readonly partition: number;
  readonly offset: number;
  /** What it can be asked for by, beside its time. */
  readonly keys: readonly string[];
}

/** What rows are put in order by. */
export type Instant<Row> = (row: Row) => number;

interface Order<Row> {
  readonly rows: readonly Row[];
  /** Have come since. */
  readonly fresh: Row[];
}

/** Making room comes in steps, not with every row. */
const SPARE_SHARE = 0.1;

/**
 * Rows by id, by key and by time, up to so many: where there is no room the oldest go, by the time they happened. Their order is
 * made when it is asked for: rows come far more often than questions.
 */
export class RecentRows<Row extends RecentRow> {
  private readonly byId = new Map<string, Row>();
  private readonly byKey = new Map<string, Map<string, Row>>();
  /** By what it is by. */
  private readonly orders = new Map<Instant<Row>, Order<Row>>();
  private completeFrom = -Infinity;
  /** By partition. */
  private readonly lost = new Map<number, number>();

  constructor(private readonly mostRows: number) {}

  get size(): number {
    return this.byId.size;
  }

  /** Rows of this time and later are all held, as far as they were ever told; null: nothing is known to have gone. */
  get completeFromMs(): number | null {
    return this.completeFrom === -Infinity ? null : this.completeFrom;
  }

  /** No row of the partition that stands behind this offset has gone from here; -1: none has. */
  lostThrough(partition: number): number {
    return this.lost.get(partition) ?? -1;
  }

  withId(id: string): Row | undefined {
    return this.byId.get(id);
  }

  put(row: Row): void {
    if (this.byId.has(row.id)) this.orders.clear();
    for (const order of this.orders.values()) order.fresh.push(row);
    this.byId.set(row.id, row);
    for (const key of row.keys) {
      const known = this.byKey.get(key);
      if (known) known.set(row.id, row);
      else this.byKey.set(key, new Map([[row.id, row]]));
    }
    if (this.byId.size > this.mostRows * (1 + SPARE_SHARE)) this.makeRoom();
  }

  /** All, the newest first by an instant of theirs, of equal instants by id. */
  newestFirst(instantOf: Instant<Row> = timeOf): readonly Row[] {
    const known = this.orders.get(instantOf);
    if (known?.fresh.length === 0) return known.rows;
    // What is in order already costs next to nothing to sort again.
    const rows = known ? [...known.rows, ...known.fresh] : [...this.byId.values()];
    rows.sort(byInstant(instantOf));
    this.orders.set(instantOf, { rows, fresh: [] });
    return rows;
  }

  /** Those with a key, in the same order. */
  withKey(key: string, instantOf: Instant<Row> = timeOf): readonly Row[] {
    return [...(this.byKey.get(key)?.values() ?? [])].sort(byInstant(instantOf));
  }

  /** Rows that happened before may be missing: they have gone from the log. */
  completeOnlyFrom(timeMs: number): void {
    this.completeFrom = Math.max(this.completeFrom, timeMs);
  }

  /** A row is appended after it has happened: what happened since is still here. */
  dropAppendedBefore(appendMs: number): void {
    const expired = [...this.byId.values()].filter((row) => row.appendMs < appendMs);
    if (expired.length === 0) return;
    for (const row of expired) this.drop(row);
    this.completeOnlyFrom(expired.reduce((fromMs, { timeMs }) => Math.max(fromMs, timeMs + 1), appendMs));
  }

  private makeRoom(): void {
    const rows = this.newestFirst();
    const gone = rows.slice(this.mostRows);
    for (const row of gone) this.drop(row);
    this.completeOnlyFrom(gone[0]!.timeMs + 1);
  }

  private drop({ id, keys, partition, offset }: Row): void {
    this.lost.set(partition, Math.max(this.lostThrough(partition), offset));
    this.byId.delete(id);
    for (const key of keys) {
      const rows = this.byKey.get(key);
      rows?.delete(id);
      if (rows?.size === 0) this.byKey.delete(key);
    }
    this.orders.clear();
  }
}

const timeOf = ({ timeMs }: RecentRow): number => timeMs;

/** The newest first, of equal instants by id in the order of its bytes: a lake has them in the same. */
export const byInstant =
  <Row extends RecentRow>(instantOf: Instant<Row>) =>
  (a: Row, b: Row): number =>
    instantOf(b) - instantOf(a) || compareGroups(a.id, b.id);
