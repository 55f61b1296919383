import type { AttributedPurchase, LateTouch } from '../attribution/attribution';
import { AttributionBook } from '../attribution/attribution-book';
import type { AttributionRow } from '../attribution/attribution-fields';
import { attributionFields, attributionRows } from '../attribution/attribution-fields';
import type { AttributionDefinition } from '../attribution/definition';
import type { EventBatch } from '../batch/event-batch';
import type { SavedPiece } from '../metrics/checkpoint/metric-checkpoint';
import type { DeltaSet } from '../metrics/slices/delta-book';
import type { StreamSchema } from '../stream/schema';
import { RowsChain } from './rows-chain';
import type { Said, TrackBook, TrackOrigin, Under } from './track';
import { Track, firstInputMs } from './track';
import type { TrackStart } from './track-start';
import { originOf, rowsEndOf } from './track-start';

/** A purchase that is decided, and the settings under which it was. */
export type FoundPurchase = Under<AttributionDefinition, AttributedPurchase>;

/** The attributions of a partition, and their rows. */
export class AttributionTrack {
  private readonly book: AttributionBook | null = null;
  private earlier: AttributionBook | null = null;
  private readonly track: Track<FoundPurchase, LateTouch, AttributionRow> | null = null;
  private readonly origin: TrackOrigin;
  /** Slices of the checkpoint that nobody needs. */
  private readonly stale = new Set<string>();

  constructor(
    schema: StreamSchema,
    private readonly start: TrackStart<AttributionDefinition>,
    pieces: Iterable<SavedPiece>,
  ) {
    const { declared, earlier, saved, position, partition } = start;
    this.origin = originOf(start);
    const own: SavedPiece[] = [];
    const ofEarlier: SavedPiece[] = [];
    for (const piece of pieces) {
      const [identity] = piece.slice.split('/');
      if (identity === declared?.identity) own.push(piece);
      else if (identity === earlier?.identity) ofEarlier.push(piece);
      else this.stale.add(piece.slice);
    }
    if (earlier) {
      this.earlier = new AttributionBook(schema, earlier, wholeFromMs(saved, earlier));
      this.earlier.restore(ofEarlier, firstInputMs(saved, position.watermarkInputMs, earlier.outOfOrdernessMs));
    }
    if (declared) {
      this.book = new AttributionBook(schema, declared, wholeFromMs(this.origin, declared));
      this.book.restore(own, firstInputMs(this.origin, position.watermarkInputMs, declared.outOfOrdernessMs));
    }
    const settings = declared ?? earlier;
    if (!settings) return;
    const { on } = settings;
    const kind = { stream: `${schema.stream}.attributions`, partition, fields: attributionFields(on), timeOf };
    const rowsOf = (purchase: FoundPurchase): readonly AttributionRow[] =>
      attributionRows(seenBy(on, purchase), partition);
    const rows = {
      offsetOf: decidedBy,
      rowsOf,
      chain: new RowsChain(kind, rowsEndOf(start, wholeFromMs(this.origin, settings))),
    };
    const books = [
      this.book && declared && found(this.book, declared),
      this.earlier && earlier && found(this.earlier, earlier),
    ] as const;
    this.track = new Track(rows, this.origin.sinceMs, settings.outOfOrdernessMs, ...books);
  }

  /** As a checkpoint tells it. */
  get savedOrigin(): TrackOrigin {
    return this.track?.isUnchanged ? this.start.saved : this.origin;
  }

  begin(batch: EventBatch): void {
    this.track?.begin(batch);
  }

  record(from: number, to: number, rawOffset: number, inputAfterMs: number): void {
    this.track?.record(from, to, rawOffset, inputAfterMs);
  }

  end(batch: EventBatch, firstRecord: number): Said<FoundPurchase, LateTouch> | null {
    return this.track?.end(batch, firstRecord) ?? null;
  }

  dirtyBytes(): number {
    return this.book?.unsavedBytes() ?? 0;
  }

  takeDeltas(): DeltaSet {
    const { deltas, rewrites, drops } = this.book?.takeDeltas() ?? { deltas: [], rewrites: [], drops: [] };
    const gone = [...this.stale, ...this.takeEnded()];
    this.stale.clear();
    return { deltas, rewrites, drops: [...drops, ...gone] };
  }

  /** Slices of purchases and views that a change of settings has ended. */
  private takeEnded(): readonly string[] {
    if (this.earlier === null || this.track?.isUnchanged !== false) return [];
    const { drops } = this.earlier.takeDeltas();
    this.earlier = null;
    return drops;
  }
}

/** Only of purchases behind this all views are known. */
function wholeFromMs({ sinceMs }: TrackOrigin, { withinMs }: AttributionDefinition): number {
  return sinceMs + withinMs;
}

function found(book: AttributionBook, settings: AttributionDefinition): TrackBook<FoundPurchase, LateTouch> {
  return {
    begin: (batch) => book.begin(batch),
    add: (from, to, rawOffset) => book.add(from, to, rawOffset),
    advance: (inputMs, rawOffset) => book.advance(inputMs, rawOffset),
    takeTold: () => book.takeDecided().map((told) => ({ settings, told })),
    takeLate: () => book.takeLate(),
  };
}

/** What rows tell of a purchase are the fields of the settings in force, also when others have been until here. */
function seenBy(on: readonly string[], { settings, told }: FoundPurchase): AttributedPurchase {
  if (settings.on === on) return told;
  return { ...told, on: on.map((name) => told.on[settings.on.indexOf(name)] ?? '') };
}

function decidedBy({ told }: FoundPurchase): number {
  return told.decidedBy;
}

function timeOf({ purchase }: AttributionRow): number {
  return purchase.timeMs;
}
