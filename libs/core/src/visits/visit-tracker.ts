import type { LateTouch } from '../attribution/attribution';
import type { AttributionDefinition } from '../attribution/definition';
import type { BatchPosition, EventBatch } from '../batch/event-batch';
import { firstAtOrBeyond } from '../batch/first-at-or-beyond';
import type { SavedPiece } from '../metrics/checkpoint/metric-checkpoint';
import type { NamedBytes } from '../metrics/slices/delta-book';
import type { SessionsDefinition } from '../sessions/definition';
import type { FieldChanges, FieldPut, LateVisit } from '../sessions/session-book';
import type { StreamSchema } from '../stream/schema';
import type { FoundPurchase } from './attribution-track';
import { AttributionTrack } from './attribution-track';
import type { RowsEnd } from './rows-chain';
import type { FoundSession } from './session-track';
import { SessionTrack } from './session-track';
import type { TrackOrigin } from './track';
import { NO_ORIGIN } from './track-start';
import type { TrackerState } from './tracker-state';
import { decodeTrackerState, encodeTrackerState } from './tracker-state';

/** What a stream file says of visits; null: it does not. */
export interface VisitSettings {
  readonly sessions: SessionsDefinition | null;
  readonly attribution: AttributionDefinition | null;
}

export interface VisitTrackerOptions extends VisitSettings {
  readonly schema: StreamSchema;
  readonly partition: number;
  /** Where the log's newest batches of rows end; null: there is none yet. */
  readonly tails: { readonly sessions: RowsEnd | null; readonly attribution: RowsEnd | null };
}

/** Where a tracker without a checkpoint begins. */
export interface TrackerStart {
  readonly next: number;
  /** What stood there. */
  readonly before: BatchPosition;
  /** Rows up to this event time may be missing, and nothing that was made of them stands in the log. -Infinity: none is. */
  readonly sinceMs: number;
}

/** What a tracker left in a checkpoint. */
export interface SavedTracker {
  readonly next: number;
  readonly state: Uint8Array;
  readonly deltas: Iterable<SavedPiece>;
  readonly fields: Iterable<FieldPut>;
}

/** What the state of a checkpoint says about what must be known to restore it. */
export interface SavedSettings {
  /** sha256 (hex) of the definition in force; '' before the first one. */
  readonly definition: string;
  /** Identities of the settings it is under; '' for none. */
  readonly sessions: string;
  readonly attribution: string;
}

/** What has been found out since the last time. */
export interface VisitNews {
  readonly sessions: readonly FoundSession[];
  readonly attributions: readonly FoundPurchase[];
  readonly lateVisits: readonly LateVisit[];
  readonly lateTouches: readonly LateTouch[];
  /** To be sent when all the rest is in the log: they say so. */
  readonly sessionRows: readonly EventBatch[];
  readonly attributionRows: readonly EventBatch[];
}

/** What goes to the checkpoint. */
export interface TrackerChanges {
  readonly state: Uint8Array;
  readonly deltas: readonly NamedBytes[];
  readonly rewrites: readonly NamedBytes[];
  readonly drops: readonly string[];
  readonly fields: FieldChanges;
}

/**
 * Visits of one partition: where they begin and end, and what led to purchases. What it tells is a function of the rows in raw
 * order alone, wherever batches are cut and however often it is saved and restored.
 *
 * No clock and no I/O. Not re-entrant.
 */
export class VisitTracker {
  private readonly sessions: SessionTrack;
  private readonly attribution: AttributionTrack;
  private position: Omit<TrackerState, 'sessions' | 'attribution' | 'openSessions'> & { readonly next: number };
  private news: MutableNews = noNews();

  private constructor(
    options: VisitTrackerOptions,
    earlier: VisitSettings,
    saved: { readonly sessions: TrackOrigin; readonly attribution: TrackOrigin },
    position: VisitTracker['position'],
    deltas: SavedTracker['deltas'],
  ) {
    const { schema, partition, tails } = options;
    const at = { partition, next: position.next, position };
    this.position = position;
    this.sessions = new SessionTrack(schema, {
      ...at,
      declared: options.sessions,
      earlier: earlier.sessions,
      saved: saved.sessions,
      tail: tails.sessions,
    });
    this.attribution = new AttributionTrack(
      schema,
      {
        ...at,
        declared: options.attribution,
        earlier: earlier.attribution,
        saved: saved.attribution,
        tail: tails.attribution,
      },
      deltas,
    );
  }

  /** A tracker without rows. */
  static create(options: VisitTrackerOptions, { next, before, sinceMs }: TrackerStart): VisitTracker {
    const { watermarkInputMs, maxEventTimeMs, maxAppendMs, held, definition } = before;
    const position = { next, watermarkInputMs, maxEventTimeMs, maxAppendMs, held, definition };
    const originOf = (settings: { readonly identity: string } | null): TrackOrigin =>
      settings ? { identity: settings.identity, epoch: 1, sinceMs } : NO_ORIGIN;
    const origins = { sessions: originOf(options.sessions), attribution: originOf(options.attribution) };
    const tracker = new VisitTracker(options, NO_SETTINGS, origins, position, []);
    tracker.restored();
    return tracker;
  }

  /**
   * A tracker as it was when it was saved, under the settings that are declared now.
   *
   * @param earlier the settings that the checkpoint is under, where these are others
   * @throws RangeError for a checkpoint that is cut short or was written by a later version
   */
  static restore(options: VisitTrackerOptions, earlier: VisitSettings, saved: SavedTracker): VisitTracker {
    const tracker = VisitTracker.restoreSome(options, earlier, saved);
    tracker.restoreUsers(saved.fields);
    tracker.restored();
    return tracker;
  }

  /** As `restore`, but users are still to be taken in: some at a time by `restoreUsers`, and at the end `restored`. */
  static restoreSome(
    options: VisitTrackerOptions,
    earlier: VisitSettings,
    { next, state, deltas }: Omit<SavedTracker, 'fields'>,
  ): VisitTracker {
    const { sessions, attribution, openSessions: _, ...position } = decodeTrackerState(state);
    return new VisitTracker(options, earlier, { sessions, attribution }, { next, ...position }, deltas);
  }

  /** Takes in users of a checkpoint. @throws RangeError as `restore` */
  restoreUsers(fields: Iterable<FieldPut>): void {
    this.sessions.restore(fields);
  }

  /** All users are taken in. */
  restored(): void {
    this.sessions.restored();
  }

  /** What must be known to restore a checkpoint. @throws RangeError as `restore` does */
  static settingsOf(state: Uint8Array): SavedSettings {
    const { definition, sessions, attribution } = decodeTrackerState(state);
    return { definition, sessions: sessions.identity, attribution: attribution.identity };
  }

  /** The first raw offset not yet reflected. */
  get next(): number {
    return this.position.next;
  }

  get watermarkInputMs(): number {
    return this.position.watermarkInputMs;
  }

  get maxAppendMs(): number {
    return this.position.maxAppendMs;
  }

  /** sha256 (hex) of the definition in force at `next`; '' before the first one. */
  get definition(): string {
    return this.position.definition;
  }

  get openSessions(): number {
    return this.sessions.openCount;
  }

  /** Applies the records of a batch with offsets at or beyond `next`. That there is no hole before it is the caller's to check. */
  apply(batch: EventBatch): void {
    const { position } = this;
    if (batch.rawNext <= position.next) return;
    const { records, after } = batch;
    const first = firstAtOrBeyond(records, position.next);
    this.sessions.begin(batch);
    this.attribution.begin(batch);
    let row = 0;
    for (let record = 0; record < first; record++) row += records.rowCounts[record] as number;
    for (let record = first; record < records.count; record++) {
      const end = row + (records.rowCounts[record] as number);
      const offset = records.offsets[record] as number;
      const inputMs = records.inputAfterMs[record] as number;
      this.sessions.record(row, end, offset, inputMs);
      this.attribution.record(row, end, offset, inputMs);
      row = end;
    }
    this.gather(batch, first);
    this.position = {
      next: batch.rawNext,
      watermarkInputMs: Math.max(position.watermarkInputMs, after.watermarkInputMs),
      maxEventTimeMs: Math.max(position.maxEventTimeMs, after.maxEventTimeMs),
      maxAppendMs: Math.max(position.maxAppendMs, after.maxAppendMs),
      held: after.held,
      definition: after.definition,
    };
  }

  /** What has been found out since the last call, but for what stands in the log. */
  takeNews(): VisitNews {
    const taken = this.news;
    this.news = noNews();
    return taken;
  }

  /** About how many bytes `takeDeltas` would give now. */
  dirtyBytes(): number {
    return this.sessions.dirtyBytes() + this.attribution.dirtyBytes();
  }

  /** What has changed since the last call, for a checkpoint at `next`. What it holds is not taken twice. */
  takeDeltas(): TrackerChanges {
    const { next, ...position } = this.position;
    const fields = this.sessions.takeChanges(next);
    const deltas = this.attribution.takeDeltas();
    const origins = { sessions: this.sessions.savedOrigin, attribution: this.attribution.savedOrigin };
    const state = encodeTrackerState({ ...position, ...origins, openSessions: this.openSessions });
    return { state, ...deltas, fields };
  }

  private gather(batch: EventBatch, firstRecord: number): void {
    const { news } = this;
    const sessions = this.sessions.end(batch, firstRecord);
    const attributions = this.attribution.end(batch, firstRecord);
    for (const session of sessions?.told ?? []) news.sessions.push(session);
    for (const purchase of attributions?.told ?? []) news.attributions.push(purchase);
    for (const late of sessions?.late ?? []) news.lateVisits.push(late);
    for (const late of attributions?.late ?? []) news.lateTouches.push(late);
    news.sessionRows.push(...(sessions?.rows ?? []));
    news.attributionRows.push(...(attributions?.rows ?? []));
  }
}

const NO_SETTINGS: VisitSettings = { sessions: null, attribution: null };

type MutableNews = { -readonly [Part in keyof VisitNews]: VisitNews[Part][number][] };

function noNews(): MutableNews {
  return { sessions: [], attributions: [], lateVisits: [], lateTouches: [], sessionRows: [], attributionRows: [] };
}
