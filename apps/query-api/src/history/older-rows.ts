import type { VisitFeed, VisitQuestion } from '@tillstream/adapter-lake';
import type { LogRecord } from '@tillstream/engine';
import { SinkRefusedError, SinkUnavailableError } from '@tillstream/engine';
import type { RecentRow } from '../view/recent-rows';
import type { RowView } from '../view/row-view';
import type { Histories, RowHistory } from './window-history';

/** What is asked of a history, but for where it begins and ends. */
export type OlderQuestion = Omit<VisitQuestion, 'beforeMs' | 'after' | 'limit'>;

/** Rows that a view holds the newest of, and where all of them are. */
export interface OlderRowsOptions<Row extends RecentRow> {
  /** For people: "purchases". */
  readonly what: string;
  readonly stream: string;
  readonly feed: VisitFeed;
  readonly view: RowView<Row>;
  readonly histories: Histories;
  /** Null: the record tells of no row. */
  readonly read: (partition: number, record: LogRecord) => Row | null;
}

/** Rows of a history, and where the next ones are to be looked for. */
export interface OlderPage<Row> {
  readonly rows: readonly Row[];
  /** Null: there are no more. */
  readonly after: VisitQuestion['after'];
}

/**
 * What is stored of rows that never change, beside what a view has. The view says from which instant on it has every row (the seam)
 * and which records it no longer has: where the lake has these, both together are all that was ever told. What the view has lost is
 * looked at when this is made; so the rows of the view that it is put together with are to be taken at the same moment.
 */
export class OlderRows<Row extends RecentRow> {
  /** Rows that happened before may be missing in the view. */
  readonly seamMs: number;
  private readonly lostThrough: readonly number[];
  private history: RowHistory | null = null;
  /** Why older rows may be missing; null: nobody has looked. */
  private trouble: string | null = null;
  private isKnown = true;

  constructor(private readonly options: OlderRowsOptions<Row>) {
    this.seamMs = options.view.seamMs;
    this.lostThrough = options.view.lostThrough;
  }

  /** Why rows that were looked for here may be missing; empty: nothing is known to be missing, or nobody had to look. */
  get missing(): string {
    if (this.trouble === null || this.trouble === '') return '';
    const seam = Number.isFinite(this.seamMs) ? new Date(this.seamMs).toISOString() : 'now';
    return `${this.options.what} before ${seam} may be missing: ${this.trouble}`;
  }

  /** What is missing may be there later: it is only not stored yet, or cannot be read now. */
  get isWaiting(): boolean {
    return this.missing !== '' && this.isKnown;
  }

  /** Some rows, the newest first, that happened before the seam. */
  async page(question: OlderQuestion, after: VisitQuestion['after'], limit: number): Promise<OlderPage<Row>> {
    const history = await this.open();
    if (history === null) return { rows: [], after: null };
    const found = await history.page({ ...question, beforeMs: this.seamMs, after, limit });
    const rows = found.flatMap(({ partition, record }) => this.read(partition, record));
    return { rows, after: found.length < limit ? null : found.at(-1)! };
  }

  /** A session that may be older than the view. */
  async session(id: string, startMs: number): Promise<Row | null> {
    const found = await (await this.open())?.session(id, startMs);
    return (found && this.read(found.partition, found.record)[0]) ?? null;
  }

  private read(partition: number, record: string): Row[] {
    const value = Buffer.from(record);
    const row = this.options.read(partition, { key: null, value, offset: -1, timestampMs: 0, headers: {} });
    return row === null ? [] : [row];
  }

  private async open(): Promise<RowHistory | null> {
    if (this.trouble !== null) return this.history;
    const { stream, feed, histories } = this.options;
    try {
      const opened = histories.rows(stream, feed);
      this.isKnown = opened !== null;
      this.history = await opened;
      this.trouble = this.history === null ? `the lake of ${stream} is not known here` : this.behind(this.history);
    } catch (error) {
      if (!(error instanceof SinkUnavailableError) && !(error instanceof SinkRefusedError)) throw error;
      this.trouble = error.message;
    }
    return this.history;
  }

  private behind(history: RowHistory): string {
    const partition = this.lostThrough.findIndex((offset, one) => history.next(one) <= offset);
    if (partition < 0) return '';
    const [next, from] = [history.next(partition), this.lostThrough[partition]! + 1];
    return `the lake has partition ${partition} of ${this.options.feed} up to ${next}, and the view from ${from} on`;
  }
}
