import type { EventBatch } from '../batch/event-batch';
import type { PlacedRow, RowsChain } from './rows-chain';

/** No event is so late in time. */
const END_OF_TIME_MS = Number.MAX_SAFE_INTEGER;

/** What finds out from a partition's rows, in raw order, what becomes of them. */
export interface TrackBook<Told, Late> {
  begin(batch: EventBatch): void;
  /** Rows [from, to) of the batch: those of the raw record at `rawOffset`. */
  add(from: number, to: number, rawOffset: number): void;
  /** The end of that record, after which the watermark input is this. */
  advance(watermarkInputMs: number, rawOffset: number): void;
  takeTold(): Told[];
  takeLate(): Late[];
}

/** Settings that a book works by. */
export interface TrackOrigin {
  /** Of the settings; '' when nothing is declared. */
  readonly identity: string;
  /** How many changes of settings there were before, as far as the checkpoint knows. */
  readonly epoch: number;
  /** Rows up to this event time came too late: they were of what was in force before. -Infinity: nothing was. */
  readonly sinceMs: number;
}

/** Something that was found out, and the settings that it was found under. */
export interface Under<Settings, Told> {
  readonly settings: Settings;
  readonly told: Told;
}

/** What is to be said of a batch. */
export interface Said<Told, Late> {
  readonly told: readonly Told[];
  readonly late: readonly Late[];
  /** What was told, as rows; none when these stand in the log. */
  readonly rows: readonly EventBatch[];
}

/** How a track makes rows of what it tells. */
export interface TrackRows<Told, Row> {
  readonly offsetOf: (told: Told) => number;
  readonly rowsOf: (told: Told) => readonly Row[];
  readonly chain: RowsChain<Row>;
}

/**
 * One of the things that are found out about a partition, with the rows that come of it.
 *
 * When its settings change, what is open under the earlier ones is ended by the first raw record behind the change, and what
 * comes later than all events before it is taken under the new ones.
 */
export class Track<Told, Late extends { readonly rawOffset: number }, Row> {
  private ended: Told[] = [];
  private inputs = new Float64Array(0);
  private isPending: boolean;

  /**
   * @param delayMs rows come so far behind the watermark input: none is older than that less this
   * @param book null: nothing is declared any more
   * @param earlier works by the settings that have been changed right here
   */
  constructor(
    private readonly rows: TrackRows<Told, Row>,
    private readonly sinceMs: number,
    private readonly delayMs: number,
    private readonly book: TrackBook<Told, Late> | null,
    private readonly earlier: TrackBook<Told, Late> | null,
  ) {
    this.isPending = earlier !== null;
  }

  /** Do the earlier settings still hold, because nothing has come since? */
  get isUnchanged(): boolean {
    return this.isPending;
  }

  begin(batch: EventBatch): void {
    this.book?.begin(batch);
  }

  /** Rows [from, to) of the batch at hand, which are a raw record, and the watermark input after it. */
  record(from: number, to: number, rawOffset: number, inputAfterMs: number): void {
    if (this.isPending) {
      this.earlier?.advance(END_OF_TIME_MS, rawOffset);
      this.ended = this.earlier?.takeTold() ?? [];
      this.isPending = false;
    }
    if (from < to) this.book?.add(from, to, rawOffset);
    this.book?.advance(inputAfterMs, rawOffset);
  }

  /** What is to be said of the records of a batch from one on. */
  end(batch: EventBatch, firstRecord: number): Said<Told, Late> {
    const { offsetOf, rowsOf, chain } = this.rows;
    const all = [...this.ended, ...(this.book?.takeTold() ?? [])];
    this.ended = [];
    const fromOffset = chain.next;
    const told = all.filter((one) => offsetOf(one) >= fromOffset);
    const rows = told.flatMap((one): PlacedRow<Row>[] => {
      const rawOffset = offsetOf(one);
      return rowsOf(one).map((row) => ({ row, rawOffset }));
    });
    const late = (this.book?.takeLate() ?? []).filter(({ rawOffset }) => rawOffset >= fromOffset);
    return { told, late, rows: chain.take(batch, firstRecord, rows, this.inputsOf(batch)) };
  }

  /** Watermark input of the rows, by record of a batch. */
  private inputsOf({ records }: EventBatch): Float64Array {
    const { count, inputAfterMs } = records;
    if (this.inputs.length < count) this.inputs = new Float64Array(count);
    for (let i = 0; i < count; i++) {
      this.inputs[i] = Math.max((inputAfterMs[i] as number) - this.delayMs, this.sinceMs + 1);
    }
    return this.inputs;
  }
}

/** The watermark input from which on a book that begins behind an event takes none that is not newer. */
export function firstInputMs({ sinceMs }: TrackOrigin, watermarkInputMs: number, delayMs: number): number {
  return Math.max(watermarkInputMs, sinceMs + 1 + delayMs);
}
