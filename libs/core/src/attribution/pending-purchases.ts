import type { DeltaBook } from '../metrics/slices/delta-book';
import { TimerQueue } from '../windowing/timer-queue';
import type { PendingPurchase } from './pending-purchase';
import { decodePurchases, encodePurchases } from './pending-purchase';

const MINUTE_MS = 60_000;
/** About how many bytes a purchase takes when it is written. */
const PURCHASE_BYTES = 100;

/** Purchases of one minute of event time, in raw order. */
interface PurchaseSlice {
  readonly startMs: number;
  readonly waiting: Set<PendingPurchase>;
  /** Those that the checkpoint does not have. */
  unsaved: PendingPurchase[];
  /** Raw offset of the newest one that was taken over from the checkpoint. */
  through: number;
}

/** The purchases that are not decided yet, earliest first. */
export class PendingPurchases {
  private readonly slices = new Map<number, PurchaseSlice>();
  /** By timer; of those that are decided, the timers are used again. */
  private readonly purchases: PendingPurchase[] = [];
  private readonly free: number[] = [];
  private readonly timers = new TimerQueue();
  /** Before this watermark no slice ends that has not ended already. */
  private nextEndMs = -Infinity;

  /** How many wait. */
  get count(): number {
    return this.purchases.length - this.free.length;
  }

  add(purchase: PendingPurchase): void {
    const slice = this.sliceAt(purchase.timeMs);
    slice.unsaved.push(purchase);
    this.wait(slice, purchase);
  }

  /** Takes those at or before `watermarkMs`, in the order of time, then raw position. */
  takeDue(watermarkMs: number): PendingPurchase[] {
    if (this.timers.nextMs > watermarkMs) return [];
    const due: PendingPurchase[] = [];
    while (this.timers.nextMs <= watermarkMs) {
      const timer = this.timers.takeNext();
      const purchase = this.purchases[timer] as PendingPurchase;
      this.free.push(timer);
      this.sliceAt(purchase.timeMs).waiting.delete(purchase);
      due.push(purchase);
    }
    if (this.count === 0) this.purchases.length = this.free.length = 0;
    return due.sort((a, b) => a.timeMs - b.timeMs || a.offset - b.offset || a.index - b.index);
  }

  /** Drops slices in which nothing can wait any more. @param nameOf what the checkpoint calls a slice */
  forget(watermarkMs: number, book: DeltaBook, nameOf: (startMs: number) => string): void {
    if (watermarkMs < this.nextEndMs) return;
    this.nextEndMs = startOf(watermarkMs) + MINUTE_MS;
    for (const { startMs } of this.slices.values()) {
      if (startMs + MINUTE_MS > watermarkMs) continue;
      this.slices.delete(startMs);
      book.drop(nameOf(startMs));
    }
  }

  /** About how many bytes `save` would write now. */
  unsavedBytes(): number {
    let unsaved = 0;
    for (const slice of this.slices.values()) unsaved += slice.unsaved.length;
    return unsaved * PURCHASE_BYTES;
  }

  /** Writes what the checkpoint does not have. */
  save(book: DeltaBook, nameOf: (startMs: number) => string): void {
    for (const { startMs, unsaved, waiting } of this.slices.values()) {
      const fresh = unsaved.filter((purchase) => waiting.has(purchase));
      unsaved.length = 0;
      if (fresh.length === 0) continue;
      const delta = encodePurchases(fresh);
      const liveBytes = (delta.length / fresh.length) * waiting.size;
      book.write(nameOf(startMs), delta, liveBytes, () => encodePurchases([...waiting]));
    }
  }

  /** Takes over what `save` wrote for a minute, but for what was decided before `watermarkMs`. @throws RangeError for other bytes */
  restore(startMs: number, bytes: Uint8Array, watermarkMs: number): void {
    const slice = this.sliceAt(startMs);
    const { through } = slice;
    for (const purchase of decodePurchases(bytes)) {
      // Whole raw records are written, in raw order.
      if (purchase.offset <= through || purchase.timeMs <= watermarkMs) continue;
      if (startOf(purchase.timeMs) !== startMs)
        throw new RangeError(`a purchase at ${purchase.timeMs} among those from ${startMs} on`);
      slice.through = purchase.offset;
      this.wait(slice, purchase);
    }
  }

  private wait(slice: PurchaseSlice, purchase: PendingPurchase): void {
    slice.waiting.add(purchase);
    const timer = this.free.pop() ?? this.purchases.length;
    this.purchases[timer] = purchase;
    this.timers.advance(timer, purchase.timeMs);
  }

  private sliceAt(timeMs: number): PurchaseSlice {
    const startMs = startOf(timeMs);
    let slice = this.slices.get(startMs);
    if (slice === undefined) {
      slice = { startMs, waiting: new Set(), unsaved: [], through: -1 };
      this.slices.set(startMs, slice);
    }
    return slice;
  }
}

function startOf(timeMs: number): number {
  return Math.floor(timeMs / MINUTE_MS) * MINUTE_MS;
}
