import type { Feed, FeedRow, SinkType } from '@tillstream/contracts';
import type { FeedPortion, KeepRefused, RefusedRow, Sink, SinkKind, SinkPartition } from '../ports/sink';
import { SinkOvertakenError, SinkRefusedError, SinkUnavailableError } from '../ports/sink';
import type { Turn } from './turn';

/** A row as a simulated store keeps it. */
export interface MemorySinkRow {
  /** `name` of its table. */
  readonly table: string;
  /** Of events `<partition>/<offset>/<index>`. */
  readonly id: string;
  readonly version: number;
  /** Null for events. */
  readonly record: Uint8Array | null;
}

/** The contents of a simulated store; shared by the processes of a world. */
export class MemorySinkData {
  private readonly rows = new Map<Feed, Map<string, MemorySinkRow>>();
  private readonly appended = new Map<Feed, MemorySinkRow[]>();
  private readonly positions = new Map<string, number>();

  stored(feed: Feed): readonly MemorySinkRow[] {
    return [...(this.rows.get(feed)?.values() ?? []), ...(this.appended.get(feed) ?? [])];
  }

  /** Without a look at what stands there: who moves a position with the rows never brings one twice. */
  append(feed: Feed, row: MemorySinkRow): void {
    const rows = this.appended.get(feed) ?? [];
    this.appended.set(feed, rows);
    rows.push(row);
  }

  put(feed: Feed, row: MemorySinkRow): void {
    const rows = this.rows.get(feed) ?? new Map<string, MemorySinkRow>();
    this.rows.set(feed, rows);
    const key = `${row.table}|${row.id}`;
    if ((rows.get(key)?.version ?? -1) <= row.version) rows.set(key, row);
  }

  position(lane: string): number | null {
    return this.positions.get(lane) ?? null;
  }

  moveTo(lane: string, next: number): void {
    this.positions.set(lane, next);
  }
}

/** What goes wrong between a sink and its store. */
export interface SinkFaults {
  /** While true, nothing arrives. */
  isDown(): boolean;
  /** While not null, nothing is taken until somebody acts: these are the store's words. */
  refusesAll(): string | null;
  /** Why the store never takes this row; null: it does. */
  refuses(row: FeedRow): string | null;
  /** The store does as it is asked, and the answer is lost. */
  losesAnswer(): boolean;
}

const NO_FAULTS: SinkFaults = {
  isDown: () => false,
  refusesAll: () => null,
  refuses: () => null,
  losesAnswer: () => false,
};

export interface MemorySinkOptions {
  /** The store moves its position in the same step in which it takes rows, and refuses whoever does not go on there. */
  readonly knowsPosition: boolean;
  readonly flushRows?: number;
  readonly flushAgeMs?: number;
}

/** Sink of one process on a MemorySinkData. */
export class MemorySink implements Sink {
  constructor(
    private readonly data: MemorySinkData,
    private readonly turn: Turn,
    private readonly options: MemorySinkOptions,
    private readonly faults: SinkFaults = NO_FAULTS,
  ) {}

  async prepare(): Promise<void> {
    await this.reach('prepare');
  }

  async open(feed: Feed, partition: number): Promise<SinkPartition> {
    await this.reach('open');
    return new MemorySinkPartition(this.data, this.options, this.faults, feed, partition, (label) => this.reach(label));
  }

  async close(): Promise<void> {
    await this.turn.wait('close');
  }

  private async reach(label: string): Promise<void> {
    await this.turn.wait(`${label} sink`);
    if (this.faults.isDown()) throw new SinkUnavailableError('the store does not answer');
    const words = this.faults.refusesAll();
    if (words !== null) throw new SinkRefusedError(words);
  }
}

class MemorySinkPartition implements SinkPartition {
  private readonly lane: string;
  private at: number | null;
  private added: FeedPortion[] = [];

  constructor(
    private readonly data: MemorySinkData,
    private readonly options: MemorySinkOptions,
    private readonly faults: SinkFaults,
    private readonly feed: Feed,
    private readonly partition: number,
    private readonly reach: (label: string) => Promise<void>,
  ) {
    this.lane = `${feed}/${partition}`;
    this.at = options.knowsPosition ? data.position(this.lane) : null;
  }

  get next(): number | null {
    return this.at;
  }

  get bounds() {
    return { rows: this.options.flushRows ?? 100, bytes: 1_000_000, ageMs: this.options.flushAgeMs ?? 1_000 };
  }

  get pending() {
    const rows = this.added.reduce((sum, portion) => sum + rowsIn(portion), 0);
    return { rows, bytes: rows * 100 };
  }

  async add(portion: FeedPortion): Promise<void> {
    const before = this.added.at(-1)?.next ?? this.at;
    if (before !== null && portion.from !== before) {
      throw new Error(`${this.lane} goes on at ${before}, and what was added begins at ${portion.from}`);
    }
    this.added.push(portion);
  }

  async flush(keep: KeepRefused): Promise<void> {
    const first = this.added[0];
    const last = this.added.at(-1);
    if (!first || !last) return;
    await this.reach('flush');
    const refused = this.added.flatMap((portion) => this.refusedIn(portion));
    if (refused.length > 0) await keep(refused);
    const isRefused = new Set(refused.map(({ row }) => row));
    if (this.options.knowsPosition) this.commit(first.from, last.next, isRefused);
    else await this.upsert(isRefused);
    if (this.faults.losesAnswer()) throw new SinkUnavailableError('the answer was lost');
    this.at = this.options.knowsPosition ? last.next : null;
    this.added = [];
  }

  async close(): Promise<void> {
    this.added = [];
  }

  private refusedIn({ rows }: FeedPortion): readonly RefusedRow[] {
    if (rows.kind === 'columns') return [];
    return rows.rows.flatMap((row) => {
      const reason = this.faults.refuses(row);
      return reason === null ? [] : [{ row, reason }];
    });
  }

  /** All in one step. What it has done itself, and not heard of, it finds done. */
  private commit(from: number, next: number, isRefused: ReadonlySet<FeedRow>): void {
    const position = this.data.position(this.lane);
    if (position !== null && position !== from) {
      throw new SinkOvertakenError(`${this.lane} stands at ${position} and no longer at ${from}`);
    }
    for (const portion of this.added) this.put(portion, isRefused);
    this.data.moveTo(this.lane, next);
  }

  private async upsert(isRefused: ReadonlySet<FeedRow>): Promise<void> {
    for (const portion of this.added) {
      this.put(portion, isRefused);
      await this.reach('flush on');
    }
  }

  private put({ rows }: FeedPortion, isRefused: ReadonlySet<FeedRow>): void {
    if (rows.kind === 'columns') {
      for (const id of placesOf(rows.batch, rows.selected, this.partition)) {
        const row: MemorySinkRow = { table: rows.table.name, id, version: 0, record: null };
        if (this.options.knowsPosition) this.data.append(this.feed, row);
        else this.data.put(this.feed, row);
      }
      return;
    }
    for (const row of rows.rows) {
      const { table, id, version, record } = row;
      if (!isRefused.has(row)) this.data.put(this.feed, { table, id, version, record });
    }
  }
}

function rowsIn({ rows }: FeedPortion): number {
  return rows.kind === 'columns' ? rows.selected.length : rows.rows.length;
}

function placesOf(
  { records, rowIndexes }: Extract<FeedPortion['rows'], { kind: 'columns' }>['batch'],
  selected: Uint32Array,
  partition: number,
): string[] {
  const meant = new Set(selected);
  const places: string[] = [];
  let row = 0;
  records.rowCounts.forEach((count, record) => {
    for (let i = 0; i < count; i += 1, row += 1) {
      if (meant.has(row)) places.push(`${partition}|${records.offsets[record]}|${rowIndexes[row]}`);
    }
  });
  return places;
}

/** A kind that gives the same store to whoever declares a sink of its type. */
export function memorySinkKind(type: SinkType, open: () => Sink): SinkKind {
  return { type, open: () => ({ ok: true, sink: open() }) };
}
