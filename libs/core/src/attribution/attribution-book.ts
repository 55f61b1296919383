import { decodeText } from '../batch/column-access';
import { cutEnd } from '../batch/cut-text';
import type { EventBatch } from '../batch/event-batch';
import { fieldText } from '../batch/field-text';
import { rowToJson } from '../batch/row-to-json';
import type { SavedPiece } from '../metrics/checkpoint/metric-checkpoint';
import { ConditionSet } from '../metrics/plan/condition-set';
import { BatchView } from '../metrics/slices/batch-view';
import type { DeltaSet } from '../metrics/slices/delta-book';
import { DeltaBook } from '../metrics/slices/delta-book';
import { MAX_TEXT_BYTES } from '../sessions/session';
import { fieldByName } from '../stream/fields';
import type { Field, StreamSchema } from '../stream/schema';
import type { AttributedPurchase, LateTouch } from './attribution';
import type { AttributionDefinition } from './definition';
import { FoundViews } from './found-views';
import { MatchHash } from './match-hash';
import { PendingPurchases } from './pending-purchases';
import { ViewBuffer } from './view-buffer';

/** How much a book holds. Everything goes back to 0 once the watermark has passed it. */
export interface AttributionSize {
  readonly views: number;
  readonly purchases: number;
  readonly slices: number;
  /** What views take in memory. */
  readonly viewBytes: number;
}

/**
 * What led to the purchases of one partition. A purchase is decided at the end of the raw record after which no event before it
 * can still come: then it is told with the views of the same key that agree with it, whichever came first. What is told is a
 * function of the rows in raw order alone.
 *
 * No clock and no I/O. Not re-entrant.
 */
export class AttributionBook {
  private readonly batches: BatchView;
  private readonly from: number;
  private readonly to: number;
  private readonly hash: MatchHash;
  private readonly views: ViewBuffer;
  private readonly purchases = new PendingPurchases();
  private readonly found: FoundViews;
  private readonly book = new DeltaBook();
  private readonly on: readonly Field[];
  private readonly category: Field | null;
  private readonly device: Field | null;
  private readonly revenue: Field | null;
  private watermarkMs = -Infinity;
  private decided: AttributedPurchase[] = [];
  private late: LateTouch[] = [];
  // Of the batch at hand.
  private isFrom: Uint8Array | null = null;
  private isTo: Uint8Array | null = null;
  private times: Float64Array = new Float64Array(0);

  /**
   * @param completeFromMs purchases at or before it are not told: -Infinity all. Whoever knows all events from T on knows all
   *   views of purchases behind T + within
   * @throws RangeError for fields that the schema does not declare
   */
  constructor(
    private readonly schema: StreamSchema,
    private readonly attribution: AttributionDefinition,
    private readonly completeFromMs: number,
  ) {
    const { from, to, on, withinMs, maxMatches, category, device, revenue } = attribution;
    const conditions = new ConditionSet();
    this.from = conditions.add(from);
    this.to = conditions.add(to);
    this.batches = new BatchView(schema, conditions.conditions);
    this.hash = new MatchHash(schema, on);
    this.views = new ViewBuffer(withinMs);
    this.found = new FoundViews(maxMatches);
    this.on = on.map((name) => declared(schema, name));
    this.category = category === null ? null : declared(schema, category);
    this.device = device === null ? null : declared(schema, device);
    this.revenue = revenue === null ? null : declared(schema, revenue);
  }

  /** Binds a batch; what is added from here on are its rows. */
  begin(batch: EventBatch): void {
    this.batches.begin(batch);
    this.hash.begin(batch);
    this.isFrom = this.batches.mask(this.from);
    this.isTo = this.batches.mask(this.to);
    this.times = this.batches.times;
  }

  /** Takes the rows [from, to) of the batch: those of the raw record at `rawOffset`. */
  add(from: number, to: number, rawOffset: number): void {
    const { isFrom, isTo, times, watermarkMs, hash } = this;
    if (isFrom === null || isTo === null) throw new Error('there is no batch at hand');
    const neededFromMs = watermarkMs - this.attribution.withinMs;
    for (let row = from; row < to; row++) {
      if ((isFrom[row] as number) + (isTo[row] as number) === 0 || !hash.take(row)) continue;
      const timeMs = times[row] as number;
      const index = this.batches.batch.rowIndexes[row] as number;
      const isLate = timeMs < watermarkMs;
      if (isLate) this.noteLate(row, timeMs, rawOffset, index);
      if (isFrom[row] === 1 && timeMs >= neededFromMs) this.views.add(hash.words, timeMs, rawOffset, index);
      if (isTo[row] === 1 && !isLate && timeMs > this.completeFromMs) this.addPurchase(row, timeMs, rawOffset, index);
    }
  }

  /** The end of the raw record at `rawOffset`, after which the watermark input is this. Decides what it has passed. */
  advance(watermarkInputMs: number, rawOffset: number): void {
    const watermarkMs = watermarkInputMs - this.attribution.outOfOrdernessMs;
    if (!(watermarkMs > this.watermarkMs)) return this.decide(rawOffset);
    this.watermarkMs = watermarkMs;
    this.decide(rawOffset);
    this.views.advance(watermarkMs, this.book, this.viewsName);
    this.purchases.forget(watermarkMs, this.book, this.purchasesName);
  }

  /** Purchases decided since the last call: by the record that decided them, then by time, then by raw position. */
  takeDecided(): AttributedPurchase[] {
    const taken = this.decided;
    this.decided = [];
    return taken;
  }

  /** Views and purchases since the last call that the watermark had passed, in raw order. */
  takeLate(): LateTouch[] {
    const taken = this.late;
    this.late = [];
    return taken;
  }

  /** About how many bytes `takeDeltas` would give now. */
  unsavedBytes(): number {
    return this.views.unsavedBytes() + this.purchases.unsavedBytes();
  }

  /** What has changed since the last call, for a checkpoint behind the last record that was added. What it holds is not taken twice. */
  takeDeltas(): DeltaSet {
    this.views.save(this.book, this.viewsName);
    this.purchases.save(this.book, this.purchasesName);
    return this.book.take();
  }

  /**
   * To be called before the first record: what was saved, in the order it was, and the watermark input that stands there. Pieces of
   * another attribution are dropped.
   *
   * @throws RangeError for a piece that is cut short or was written by a later version
   */
  restore(pieces: Iterable<SavedPiece>, watermarkInputMs: number): void {
    this.watermarkMs = watermarkInputMs - this.attribution.outOfOrdernessMs;
    for (const piece of pieces) {
      const { slice, bytes } = piece;
      this.book.loaded(piece);
      const [identity, what, start] = slice.split('/');
      const startMs = Number(start);
      if (identity !== this.attribution.identity) this.book.drop(slice);
      else if (what === 'views') this.views.restore(startMs, bytes);
      else if (what === 'purchases') this.purchases.restore(startMs, bytes, this.watermarkMs);
      else throw new RangeError(`${slice} is nothing that an attribution has saved`);
    }
  }

  size(): AttributionSize {
    const { count, sliceCount, bytes } = this.views;
    return { views: count, purchases: this.purchases.count, slices: sliceCount, viewBytes: bytes };
  }

  private readonly viewsName = (startMs: number): string => `${this.attribution.identity}/views/${startMs}`;

  private readonly purchasesName = (startMs: number): string => `${this.attribution.identity}/purchases/${startMs}`;

  private decide(decidedBy: number): void {
    const { found } = this;
    for (const { hash, ...purchase } of this.purchases.takeDue(this.watermarkMs)) {
      this.views.find(hash, purchase.timeMs, found);
      const views = found.toViews(purchase.revenue);
      this.decided.push({ ...purchase, views, truncated: found.isTruncated, decidedBy });
    }
  }

  private addPurchase(row: number, timeMs: number, offset: number, index: number): void {
    const { batch } = this.batches;
    const { bytes, start, end } = this.hash.key;
    const textOf = (field: Field | null) => field && fieldText(this.schema, field, batch, row, MAX_TEXT_BYTES);
    this.purchases.add({
      ...{ offset, index, timeMs },
      hash: this.hash.words.slice(),
      user: decodeText(bytes, start, cutEnd(bytes, start, end, MAX_TEXT_BYTES)),
      on: this.on.map((field) => textOf(field) ?? ''),
      category: textOf(this.category),
      device: textOf(this.device),
      revenue: this.revenue === null ? NaN : (this.batches.numbers(this.revenue.number)[row] as number),
    });
  }

  private noteLate(row: number, timeMs: number, rawOffset: number, index: number): void {
    const json = rowToJson(this.schema, this.batches.batch, row);
    this.late.push({ rawOffset, index, latenessMs: this.watermarkMs - timeMs, json });
  }
}

function declared(schema: StreamSchema, name: string): Field {
  const field = fieldByName(schema, name);
  if (field === null) throw new RangeError(`field ${name} is not declared`);
  return field;
}
