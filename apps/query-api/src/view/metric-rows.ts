import { ClosedUntil, firstAtOrAfter } from './closed-until';
import type { Positions } from './positions';
import type { BackfillRecord, PackedRow, ProgressRecord, RecordPosition, SpanRecord, ViewRecord } from './view-record';
import { WindowRows } from './window-rows';

/** What the view needs to know of a metric. */
export interface ViewMetric {
  readonly identity: string;
  readonly hopMs: number;
  readonly sizeMs: number;
  /** Its windows are compared with those that begin so much earlier. */
  readonly lagsMs: readonly number[];
}

/** The windows of one metric, by start. */
export class MetricRows {
  private readonly windows = new Map<number, WindowRows>();
  /** Ascending starts of `windows`. */
  private readonly starts: number[] = [];
  /** Windows dropped for want of room → append time of the newest record about them. Half a window is no answer. */
  private readonly refused = new Map<number, number>();
  /** By partition: the highest offset of a change that is no longer held. */
  private readonly droppedThrough: number[];
  /** By partition: the highest offset of a record about a dropped window that was not taken. */
  private readonly refusedThrough: number[];
  private newestDroppedMs = -Infinity;
  /** By partition: start of the first window seen to close. */
  private readonly firstClosedMs = new Map<number, number>();
  /** By source partition: from where on it has all rows, if not from the beginning. */
  private readonly wholeFromMs = new Map<number, number>();
  /** By source partition: what it lacked before that, and was computed afterwards. */
  private readonly backfills = new Map<number, BackfillRecord & Pick<RecordPosition, 'partition' | 'offset'>>();
  private readonly closed: ClosedUntil;
  /** Slots over all windows. */
  rows = 0;

  constructor(
    /** With what its windows are compared may change. */
    public metric: Omit<ViewMetric, 'identity'>,
    partitions: number,
    /** Partitions whose first records had expired before they could be read. */
    private readonly trimmed: ReadonlySet<number>,
  ) {
    this.closed = new ClosedUntil(partitions);
    this.droppedThrough = new Array<number>(partitions).fill(-1);
    this.refusedThrough = new Array<number>(partitions).fill(-1);
  }

  /** False: the window had been dropped for want of room, and the record was not taken. */
  apply(
    record: ViewRecord | SpanRecord | BackfillRecord | ProgressRecord | PackedRow,
    position: RecordPosition,
  ): boolean {
    if (record.kind === 'span') {
      this.wholeFromMs.set(record.source, record.fromMs);
      return true;
    }
    if (record.kind === 'progress') {
      this.closed.note(position.partition, record.closedUntilMs, position.offset);
      return true;
    }
    if (record.kind === 'backfill') {
      const { partition, offset } = position;
      this.backfills.set(record.source, { ...record, partition, offset });
      return true;
    }
    const refusedMs = this.refused.get(record.startMs);
    if (refusedMs !== undefined) {
      this.refused.set(record.startMs, Math.max(refusedMs, position.appendMs));
      const { partition, offset } = position;
      this.refusedThrough[partition] = Math.max(this.refusedThrough[partition]!, offset);
      return false;
    }
    if (record.kind === 'closed' && !this.firstClosedMs.has(position.partition)) {
      this.firstClosedMs.set(position.partition, record.startMs);
    }
    const window = this.windows.get(record.startMs) ?? this.open(record.startMs);
    const before = window.size;
    window.apply(record, position);
    this.rows += window.size - before;
    return true;
  }

  /** Windows that start in [fromMs, toMs), oldest first. */
  between(fromMs: number, toMs: number): readonly WindowRows[] {
    return this.starts
      .slice(firstAtOrAfter(this.starts, fromMs), firstAtOrAfter(this.starts, toMs))
      .map((startMs) => this.windows.get(startMs)!);
  }

  at(startMs: number): WindowRows | undefined {
    return this.windows.get(startMs);
  }

  /**
   * The window that starts then, with every result that it will ever have. Null as long as it may get more, also from a
   * backfill, when it is not kept any more or may lack results here, and when nothing at all was told of it.
   */
  finalWindow(startMs: number): WindowRows | null {
    const window = this.windows.get(startMs);
    return window && window.visible > 0 && this.isTold(startMs) && startMs >= this.seamMs ? window : null;
  }

  /** A window that this one is compared with has got its last result, which who has seen the cursor may not know. */
  isComparedAnew({ startMs }: WindowRows, cursor: Positions): boolean {
    const { lagsMs, sizeMs } = this.metric;
    return lagsMs.some((lagMs) => {
      const earlierMs = startMs - lagMs;
      return this.closed.isNews(earlierMs + sizeMs, cursor) || this.isBackfillNews(earlierMs, cursor);
    });
  }

  private isBackfillNews(startMs: number, cursor: Positions): boolean {
    for (const { fromMs, untilMs, partition, offset } of this.backfills.values()) {
      if (startMs >= fromMs && startMs < untilMs && offset >= cursor[partition]!) return true;
    }
    return false;
  }

  /** The newest `count` windows that have rows and start in [fromMs, toMs), oldest first. */
  newest(count: number, fromMs = -Infinity, toMs = Infinity): readonly WindowRows[] {
    const found: WindowRows[] = [];
    const first = firstAtOrAfter(this.starts, fromMs);
    for (let index = firstAtOrAfter(this.starts, toMs) - 1; index >= first && found.length < count; index -= 1) {
      const window = this.windows.get(this.starts[index]!)!;
      if (window.visible > 0) found.push(window);
    }
    return found.reverse();
  }

  /** The oldest window that has rows. */
  oldest(): WindowRows | undefined {
    const startMs = this.starts.find((candidate) => this.windows.get(candidate)!.visible > 0);
    return startMs === undefined ? undefined : this.windows.get(startMs);
  }

  /** End of the oldest window. */
  get firstEndMs(): number | undefined {
    const [startMs] = this.starts;
    return startMs === undefined ? undefined : startMs + this.metric.sizeMs;
  }

  get windowCount(): number {
    return this.starts.length;
  }

  /** Gives the oldest window up for want of room; its later records are refused. */
  dropOldest(): void {
    const startMs = this.starts[0]!;
    const window = this.windows.get(startMs)!;
    this.drop(window, 0);
    this.refused.set(startMs, window.lastAppendMs);
    this.newestDroppedMs = Math.max(this.newestDroppedMs, startMs);
  }

  /** Gives up the windows about which nothing has been appended since `appendMs`. */
  dropAppendedBefore(appendMs: number): void {
    for (let index = this.starts.length - 1; index >= 0; index -= 1) {
      const window = this.windows.get(this.starts[index]!)!;
      if (window.lastAppendMs < appendMs) this.drop(window, index);
    }
    for (const [startMs, lastAppendMs] of this.refused) if (lastAppendMs < appendMs) this.refused.delete(startMs);
  }

  /** By partition: the highest offset of a record that was read and is not held; -1: there is none. */
  get lostThrough(): readonly number[] {
    return this.droppedThrough.map((offset, partition) => Math.max(offset, this.refusedThrough[partition]!));
  }

  /** Every final of windows that end by then has been told, and computed where it had to be afterwards. */
  isTold(startMs: number): boolean {
    return this.closed.reaches(startMs + this.metric.sizeMs) && startMs >= this.wholeSinceMs();
  }

  /** A change at or after the cursor may no longer be held: what changed since cannot be told. */
  hasForgottenSince(cursor: Positions): boolean {
    return this.droppedThrough.some((offset, partition) => offset >= cursor[partition]!);
  }

  /** Start of the first window from which on every result is held; null: from the beginning on, as far as is known. */
  get completeFromMs(): number | null {
    const { hopMs } = this.metric;
    let fromMs = this.newestDroppedMs + hopMs;
    for (const partition of this.trimmed) {
      fromMs = Math.max(fromMs, (this.firstClosedMs.get(partition) ?? -Infinity) + hopMs);
    }
    const wholeMs = this.wholeSinceMs();
    if (wholeMs !== -Infinity) fromMs = Math.max(fromMs, Math.ceil(wholeMs / hopMs) * hopMs);
    return fromMs === -Infinity ? null : fromMs;
  }

  /**
   * Windows that start before may lack results here; -Infinity: none does. Where a partition's first records have expired and no
   * window was seen to close behind them, nothing is known of any.
   */
  get seamMs(): number {
    for (const partition of this.trimmed) if (!this.firstClosedMs.has(partition)) return Infinity;
    return this.completeFromMs ?? -Infinity;
  }

  /** Every partition of the stream has told, or had computed afterwards, the windows that begin here or later. */
  private wholeSinceMs(): number {
    let sinceMs = -Infinity;
    for (const [source, wholeMs] of this.wholeFromMs) {
      const backfill = this.backfills.get(source);
      const isJoined = backfill !== undefined && backfill.untilMs >= wholeMs;
      sinceMs = Math.max(sinceMs, isJoined ? Math.min(backfill.fromMs, wholeMs) : wholeMs);
    }
    return sinceMs;
  }

  private open(startMs: number): WindowRows {
    const window = new WindowRows(startMs);
    this.windows.set(startMs, window);
    this.starts.splice(firstAtOrAfter(this.starts, startMs), 0, startMs);
    return window;
  }

  private drop(window: WindowRows, index: number): void {
    this.starts.splice(index, 1);
    this.windows.delete(window.startMs);
    this.rows -= window.size;
    window.raiseTo(this.droppedThrough);
    window.dropped = true;
  }
}
